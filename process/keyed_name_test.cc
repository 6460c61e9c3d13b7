// Keyed names, without a registry: semantics.md REG15, NAM1.
#include "hydra/process/keyed_name.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/internal/homes.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::IsEmpty;

// What can't be read.
struct Thrown {
  static constexpr std::string_view kWireName = "test.Thrown";
  void Encode(WireWriter& writer) const { writer.Write(7); }
  static std::optional<Thrown> Decode(WireReader&) { throw std::runtime_error("unreadable"); }
};

// Has what it finds as long as it may be asked.
class Finder {
 public:
  explicit Finder(Pid pid, std::shared_ptr<int> life = nullptr)
      : pid_(pid), life_(std::move(life)) {}
  Pid operator()(const int64_t& key) const { return key == 7 ? pid_ : Pid(); }

 private:
  Pid pid_;
  std::shared_ptr<int> life_;
};

const ProcessName& Seven() {
  static const ProcessName& seven = *new ProcessName(KeyedName("tables", int64_t{7}, ""));
  return seven;
}

Async<> WaitForEver() { co_await Receive<std::monostate>(); }

// REG15
HYDRA_TEST(KeyedNameTest, StandsForWhomTheProcessSays) {
  EXPECT_OK(Register(Self(), "tables"));
  EXPECT_FALSE(Send(Seven(), 1)) << "it has no keys";
  const Pid waiter = Spawn([to = Self()]() -> Async<> { Send(to, co_await Receive<int>() + 1); });
  ServeKeys<int64_t>(Finder(waiter));
  EXPECT_EQ(WhereIs("tables"), Self());
  EXPECT_FALSE(Send(KeyedName("tables", int64_t{8}, ""), 1));
  EXPECT_TRUE(Send(Seven(), 1));
  EXPECT_EQ(co_await AssertReceive<int>(), 2);
  co_await Receive<Down>().For(Monitor(waiter));
  EXPECT_FALSE(Send(Seven(), 1)) << "who has ended isn't found";
  ServeKeys<int64_t>(Finder(Self()));
  EXPECT_EQ(WhereIs(Seven().name), Self());
  EXPECT_OK(Unregister("tables"));
  EXPECT_EQ(WhereIs(Seven().name), Pid());
  EXPECT_OK(Register(Self(), "tables"));
  EXPECT_EQ(WhereIs(Seven().name), Self());
}

// REG15: keys end with their process, whether or not it has its name by then.
HYDRA_TEST(KeyedNameTest, KeysEndWithTheProcess) {
  for (const bool has_name : {true, false}) {
    auto life = std::make_shared<int>(0);
    const Pid server = Spawn(
        [](std::weak_ptr<int> kept, bool named, Pid to) -> Async<> {
          if (named) EXPECT_OK(Register(Self(), "tables"));
          ServeKeys<int64_t>(Finder(to, kept.lock()));
          ServeKeys<int64_t>(Finder(to, kept.lock()));
          Send(to, 1);
          co_await WaitForEver();
        },
        std::weak_ptr(life), has_name, Self());
    co_await AssertReceive<int>();
    EXPECT_EQ(life.use_count(), 2) << "the second is instead of the first";
    Exit(server, ExitReason::Kill());
    co_await Receive<Down>().For(Monitor(server));
    EXPECT_EQ(life.use_count(), 1);
    EXPECT_EQ(WhereIs(Seven().name), Pid());
  }
}

// REG15: a process of another runtime isn't of this node.
TEST(KeyedNameTest, FindsProcessesOfItsRuntimeOnly) {
  ManualRuntime other;
  const Pid elsewhere = other.Spawn(WaitForEver);
  ManualRuntime runtime;
  runtime.Spawn([elsewhere]() -> Async<> {
    EXPECT_OK(Register(Self(), "tables"));
    ServeKeys<int64_t>(Finder(elsewhere));
    co_await WaitForEver();
  });
  runtime.RunUntilIdle();
  EXPECT_EQ(runtime.WhereIs(Seven().name), Pid());
}

// NOD21: who asks for what no node that is known here can have doesn't make this one remember another.
HYDRA_TEST(KeyedNameTest, NodesThatAreAskedForAreNotKept) {
  EXPECT_OK(Register(Self(), "sessions"));
  ServeKeys<Pid>([self = Self()](const Pid& pid) { return pid ? self : Pid(); });
  std::string name = KeyedName("sessions", Pid(1, 1, HomeOf({.name = "known@test"})), "").name;
  EXPECT_EQ(WhereIs(name), Self());
  name.replace(name.find("known@test"), 5, "other");
  EXPECT_EQ(WhereIs(name), Self()) << "the key is read; whose it is the server says";
  EXPECT_THAT(process_internal::HomesNamed("other@test"), IsEmpty());
  co_return;
}

// NAM1: so that no key is taken for a name.
HYDRA_TEST(KeyedNameTest, NoProcessHasAZeroByteInItsName) {
  EXPECT_THAT(Register(Self(), std::string_view("a\0b", 3)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Register(Self(), Seven().name), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_OK(Register(Self(), "a"));
  co_return;
}

// REG15: bytes that are no key, and keys whose reading throws.
HYDRA_TEST(KeyedNameTest, WhatCantBeReadIsNobodysAndLogged) {
  const ScopedLogCapture log;
  EXPECT_OK(Register(Self(), "tables"));
  ServeKeys<int64_t>(Finder(Self()));
  EXPECT_EQ(WhereIs(KeyedName("tables", std::string("7"), "").name), Pid());
  EXPECT_TRUE(log.Contains("nobody is found by a key of 'tables': no int64: byte 0"));
  const std::string& name = Seven().name;
  for (size_t size = std::string_view("tables").size() + 1; size < name.size(); ++size)
    EXPECT_EQ(WhereIs(name.substr(0, size)), Pid()) << size;
  EXPECT_EQ(WhereIs(name + "x"), Pid());
  EXPECT_EQ(WhereIs(name), Self());
  ServeKeys<Thrown>([self = Self()](const Thrown&) { return self; });
  EXPECT_EQ(WhereIs(KeyedName("tables", Thrown(), "").name), Pid());
  EXPECT_TRUE(log.Contains("unreadable"));
  co_return;
}

TEST(KeyedNameTextTest, SaysWhichKeyOfWhom) {
  EXPECT_EQ(Seven().ToString(), "7 of tables");
  EXPECT_EQ(KeyedName("rooms", std::string("lobby"), "b@x:1").ToString(),
            "lobby of rooms on b@x:1");
  EXPECT_EQ(KeyedName("rooms", -1, "").ToString(), "-1 of rooms");
  EXPECT_EQ(KeyedName("rooms", 1U, "").ToString(), "1 of rooms");
  EXPECT_EQ(KeyedName("rooms", ~uint64_t{0}, "").ToString(), "18446744073709551615 of rooms");
  EXPECT_EQ(KeyedName("rooms", Thrown(), "").ToString(), "a key of rooms");
  EXPECT_EQ(ProcessName(std::string("rooms\0", 6)).ToString(), "a key of rooms");
  EXPECT_EQ(ProcessName("rooms", "b@x:1").ToString(), "rooms on b@x:1");
}

}  // namespace
}  // namespace hydra
