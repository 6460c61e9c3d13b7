// Registry: who has which key, its value, and what is kept with a registry.
#include "hydra/registry/registry.h"

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/registry/registry_testing.h"

namespace hydra {
namespace {

using absl::StatusCode;
using registry_testing::In;
using registry_testing::Obey;
using registry_testing::Start;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using Rooms = Registry<std::string, int>;

// ---- Register and Unregister.

// REG1
HYDRA_TEST(RegistryTest, CallerHasTheKey) {
  const Rooms rooms({.name = "rooms"});
  co_await Start(rooms);
  EXPECT_EQ(rooms.WhereIs("lobby"), Pid());
  EXPECT_EQ(rooms.Lookup("lobby"), std::nullopt);
  EXPECT_OK(rooms.Register("lobby", 7));
  EXPECT_EQ(rooms.WhereIs("lobby"), Self());
  EXPECT_EQ(rooms.Lookup("lobby"), (Holder<int>{Self(), 7}));
  EXPECT_EQ(rooms.WhereIs("bar"), Pid());
}

// REG1
HYDRA_TEST(RegistryTest, KeyBelongsToOneProcess) {
  for (const size_t partitions : {1, 4}) {
    const Rooms rooms({.partitions = partitions});
    co_await Start(rooms);
    const Pid holder = Spawn(Obey);
    co_await In(holder, [rooms] { EXPECT_OK(rooms.Register("lobby", 1)); });
    const absl::Status taken = rooms.Register("lobby", 2);
    EXPECT_THAT(taken, StatusIs(StatusCode::kAlreadyExists, HasSubstr(holder.ToString())));
    EXPECT_EQ(NameHolder(taken), holder);
    EXPECT_EQ(rooms.Lookup("lobby"), (Holder<int>{holder, 1}));
    EXPECT_THAT(rooms.Keys(Self()), IsEmpty());
  }
}

// REG1: taken is taken, also by oneself.
HYDRA_TEST(RegistryTest, KeyIsTakenOnce) {
  const Rooms rooms;
  co_await Start(rooms);
  EXPECT_OK(rooms.Register("lobby", 1));
  EXPECT_EQ(NameHolder(rooms.Register("lobby", 2)), Self());
  EXPECT_EQ(rooms.Lookup("lobby")->value, 1);
}

// REG4
HYDRA_TEST(RegistryTest, UnregisterFreesOnesOwnKey) {
  const Rooms rooms;
  co_await Start(rooms);
  rooms.Unregister("lobby");  // nobody's
  EXPECT_OK(rooms.Register("lobby", 1));
  EXPECT_OK(rooms.Register("bar", 2));
  rooms.Unregister("lobby");
  EXPECT_EQ(rooms.WhereIs("lobby"), Pid());
  EXPECT_EQ(rooms.WhereIs("bar"), Self());
  rooms.Unregister("lobby");  // twice
  EXPECT_OK(rooms.Register("lobby", 3));
  EXPECT_EQ(rooms.Lookup("lobby")->value, 3);
}

// REG4
HYDRA_TEST(RegistryTest, UnregisterLeavesWhatIsAnothers) {
  const Rooms rooms;
  co_await Start(rooms);
  const Pid holder = Spawn(Obey);
  co_await In(holder, [rooms] { EXPECT_OK(rooms.Register("lobby", 1)); });
  rooms.Unregister("lobby");
  rooms.UnregisterMatch("lobby", [](int) -> bool { throw std::runtime_error("asked"); });
  EXPECT_EQ(rooms.WhereIs("lobby"), holder);
}

// REG4
HYDRA_TEST(RegistryTest, UnregisterMatchLooksAtTheValue) {
  const Rooms rooms;
  co_await Start(rooms);
  EXPECT_OK(rooms.Register("lobby", 1));
  rooms.UnregisterMatch("lobby", [](int value) { return value == 2; });
  EXPECT_EQ(rooms.WhereIs("lobby"), Self());
  rooms.UnregisterMatch("lobby", [](int value) { return value == 1; });
  EXPECT_EQ(rooms.WhereIs("lobby"), Pid());
}

// REG13
HYDRA_TEST(RegistryTest, NothingIsRegisteredBeforeItRuns) {
  const Rooms rooms({.name = "rooms"});
  EXPECT_THAT(rooms.Register("lobby"), StatusIs(StatusCode::kUnavailable, HasSubstr("'rooms'")));
  EXPECT_EQ(rooms.WhereIs("lobby"), Pid());
  EXPECT_EQ(rooms.Count(), 0U);
  rooms.Unregister("lobby");
  EXPECT_THAT(rooms.Update("lobby", [](int value) { return value; }),
              StatusIs(StatusCode::kNotFound));
  const Registry<int> nameless;
  EXPECT_THAT(nameless.Register(1), StatusIs(StatusCode::kUnavailable, HasSubstr("the registry ")));
  co_return;
}

// PRC9: what is registered in destructors, when a process ends, would never go.
HYDRA_TEST(RegistryTest, EndingProcessRegistersNothing) {
  const Rooms rooms;
  co_await Start(rooms);
  static absl::Status status;
  status = absl::OkStatus();
  struct AtEnd {
    const Rooms& rooms;
    ~AtEnd() { status = rooms.Register("lobby"); }
  };
  const Pid ending = Spawn([rooms]() -> Async<> {
    const AtEnd at_end{rooms};
    co_await Obey();
  });
  co_await In(ending, [] {});
  co_await registry_testing::Kill(ending);
  EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_EQ(rooms.Count(), 0U);
}

// ---- Handles.

HYDRA_TEST(RegistryTest, CopiesAreTheSameRegistry) {
  const Rooms rooms({.name = "rooms"});
  const Rooms copy = rooms;
  const Rooms other({.name = "rooms"});
  EXPECT_TRUE(copy == rooms);
  EXPECT_FALSE(other == rooms);
  EXPECT_EQ(copy.name(), "rooms");
  co_await Start(copy);
  EXPECT_OK(rooms.Register("lobby"));
  EXPECT_EQ(copy.WhereIs("lobby"), Self());
  EXPECT_EQ(other.WhereIs("lobby"), Pid());
}

// ---- Values.

// REG9
HYDRA_TEST(RegistryTest, UpdateReplacesTheValue) {
  const Rooms rooms;
  co_await Start(rooms);
  EXPECT_OK(rooms.Register("lobby", 1));
  const auto updated = rooms.Update("lobby", [](int value) { return value + 1; });
  CO_ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->now, 2);
  EXPECT_EQ(updated->before, 1);
  EXPECT_EQ(rooms.Lookup("lobby"), (Holder<int>{Self(), 2}));
  EXPECT_THAT(rooms.Keys(Self()), ElementsAre("lobby"));
  EXPECT_EQ(rooms.Count(), 1U);
  rooms.Unregister("lobby");
  EXPECT_EQ(rooms.WhereIs("lobby"), Pid());
}

// REG9
HYDRA_TEST(RegistryTest, UpdateIsForTheHolder) {
  const Rooms rooms;
  co_await Start(rooms);
  const Pid holder = Spawn(Obey);
  co_await In(holder, [rooms] { EXPECT_OK(rooms.Register("lobby", 1)); });
  const auto never = [](int) -> int { throw std::runtime_error("called"); };
  EXPECT_THAT(rooms.Update("lobby", never), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(rooms.Update("bar", never), StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(rooms.Lookup("lobby")->value, 1);
}

// REG9: what goes wrong in the function is the caller's, and the value is as it was.
HYDRA_TEST(RegistryTest, UpdateThatFails) {
  const Rooms rooms;
  co_await Start(rooms);
  EXPECT_OK(rooms.Register("lobby", 1));
  EXPECT_THROW(
      static_cast<void>(rooms.Update("lobby", [](int) -> int { throw std::logic_error("no"); })),
      std::logic_error);
  EXPECT_EQ(rooms.Lookup("lobby")->value, 1);
  // It may use the registry, too: who doesn't have the key at its end hasn't updated it.
  EXPECT_THAT(rooms.Update("lobby",
                           [&](int value) {
                             rooms.Unregister("lobby");
                             return value + 1;
                           }),
              StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(rooms.WhereIs("lobby"), Pid());
}

// ---- Reading.

// REG7
HYDRA_TEST(RegistryTest, KeysAreWhatAProcessHas) {
  for (const size_t partitions : {1, 4}) {
    const Rooms rooms({.partitions = partitions});
    co_await Start(rooms);
    EXPECT_OK(rooms.Register("a"));
    EXPECT_OK(rooms.Register("b"));
    EXPECT_OK(rooms.Register("c"));
    co_await In(Spawn(Obey), [rooms] { EXPECT_OK(rooms.Register("d")); });
    EXPECT_THAT(rooms.Keys(Self()), UnorderedElementsAre("a", "b", "c"));
    rooms.Unregister("b");
    EXPECT_THAT(rooms.Keys(Self()), UnorderedElementsAre("a", "c"));
    EXPECT_THAT(rooms.Keys(rooms.WhereIs("d")), ElementsAre("d"));
    EXPECT_THAT(rooms.Keys(Pid()), IsEmpty());
  }
}

// REG7
HYDRA_TEST(RegistryTest, SelectSeesEachEntryOnce) {
  for (const size_t partitions : {0, 1, 4}) {
    const Registry<int, int> squares({.partitions = partitions});
    co_await Start(squares);
    for (int i = 0; i < 100; ++i) EXPECT_OK(squares.Register(i, i * i));
    EXPECT_EQ(squares.Count(), 100U);
    using Entry = Registry<int, int>::Entry;
    const auto small = [](const Entry& entry) { return entry.value < 9; };
    EXPECT_THAT(
        squares.Select(small),
        UnorderedElementsAre(Entry{0, Self(), 0}, Entry{1, Self(), 1}, Entry{2, Self(), 4}));
    EXPECT_EQ(squares.CountSelect(small), 3U);
    EXPECT_EQ(squares.CountSelect([](const Entry&) { return true; }), 100U);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(squares.Lookup(i)->value, i * i);
  }
}

// REG7: a key of another type is another key.
HYDRA_TEST(RegistryTest, KeysOfSeveralTypes) {
  const Registry<std::variant<int, double>> numbers;
  co_await Start(numbers);
  EXPECT_OK(numbers.Register(1));
  EXPECT_EQ(numbers.WhereIs(1.0), Pid());
  EXPECT_OK(numbers.Register(1.0));
  EXPECT_EQ(numbers.Count(), 2U);
}

// REG7: keys and values of a user's own.
struct Seat {
  int row;
  char letter;
  friend bool operator==(const Seat&, const Seat&) = default;
  template <typename H>
  friend H AbslHashValue(H hash, const Seat& seat) {
    return H::combine(std::move(hash), seat.row, seat.letter);
  }
};

HYDRA_TEST(RegistryTest, KeysOfAUsersType) {
  const Registry<Seat, std::vector<std::string>> seats;
  co_await Start(seats);
  EXPECT_OK(seats.Register({.row = 7, .letter = 'a'}, {"window"}));
  EXPECT_EQ(seats.WhereIs({.row = 7, .letter = 'b'}), Pid());
  EXPECT_THAT(seats.Lookup({.row = 7, .letter = 'a'})->value, ElementsAre("window"));
}

// ---- Meta.

// REG10: also before it runs, and after it has.
HYDRA_TEST(RegistryTest, MetaValues) {
  const Rooms rooms;
  EXPECT_EQ(rooms.Meta<int>("limit"), std::nullopt);
  rooms.DeleteMeta("limit");
  rooms.PutMeta("limit", 7);
  rooms.PutMeta("owner", std::string("hydra"));
  const Pid process = co_await Start(rooms);
  EXPECT_EQ(rooms.Meta<int>("limit"), 7);
  EXPECT_EQ(rooms.Meta<std::string>("owner"), "hydra");
  EXPECT_EQ(rooms.Meta<long>("limit"), std::nullopt) << "it is an int";
  rooms.PutMeta("limit", 8.5);
  EXPECT_EQ(rooms.Meta<double>("limit"), 8.5);
  EXPECT_EQ(rooms.Meta<int>("limit"), std::nullopt);
  co_await registry_testing::Kill(process);
  EXPECT_EQ(rooms.Meta<double>("limit"), 8.5);
  rooms.DeleteMeta("limit");
  EXPECT_EQ(rooms.Meta<double>("limit"), std::nullopt);
  EXPECT_EQ(rooms.Meta<std::string>("owner"), "hydra");
}

}  // namespace
}  // namespace hydra
