// Messages in messages.
#include "hydra/process/enclosed.h"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::ElementsAre;

struct Inner {
  static constexpr std::string_view kWireName = "test.Inner";
  std::vector<Pid> pids;
  std::string text;
};
struct Outer {
  static constexpr std::string_view kWireName = "test.Outer";
  Pid pid;
  Enclosed inner;
  Pid other;
};
struct Unreceived {
  static constexpr std::string_view kWireName = "test.Unreceived";
  int number = 0;
};

// Homes have other numbers on the other node.
class Shifted final : public WireHomes {
 public:
  explicit Shifted(uint32_t by) : by_(by) {}
  uint32_t ToWire(uint32_t home) override { return home + 1000; }
  std::optional<uint32_t> FromWire(uint32_t number) override {
    if (number < 1000) return std::nullopt;
    return number - 1000 + by_;
  }

 private:
  const uint32_t by_;
};

// What a process receives that is sent it; nothing if nothing comes.
template <typename M>
Async<std::optional<M>> ReceivedOf(Enclosed enclosed) {
  SendEnclosed(Self(), std::move(enclosed));
  co_return co_await Receive<M>().Within(absl::ZeroDuration());
}

// NOD23: pids in it are translated with those around it, and stand for the same processes.
HYDRA_TEST(EnclosedTest, PidsMeanTheSameOnTheOtherNode) {
  Shifted homes(500);
  const Outer outer{Pid(1, 1, 7),
                    Enclose(Inner{{Pid(2, 2, 8), Pid(3, 3, 7), Pid(4, 4, 8)}, "hello"}),
                    Pid(5, 5, 9)};
  const absl::StatusOr<Outer> there = Decode<Outer>(Encode(outer, homes), homes);
  CO_ASSERT_TRUE(there.ok()) << there.status();
  EXPECT_EQ(there->pid, Pid(1, 1, 507));
  EXPECT_EQ(there->other, Pid(5, 5, 509));
  const std::optional<Inner> inner = co_await ReceivedOf<Inner>(there->inner);
  CO_ASSERT_TRUE(inner.has_value());
  EXPECT_THAT(inner->pids, ElementsAre(Pid(2, 2, 508), Pid(3, 3, 507), Pid(4, 4, 508)));
  EXPECT_EQ(inner->text, "hello");
}

HYDRA_TEST(EnclosedTest, WhatNobodyReceivesStaysAsItCame) {
  const auto encoded = co_await ReceivedOf<Encoded>(Enclose(Unreceived{7}));
  CO_ASSERT_TRUE(encoded.has_value());
  EXPECT_EQ(encoded->type, "test.Unreceived");
  EXPECT_EQ(Decode<Unreceived>(*encoded)->number, 7);
}

HYDRA_TEST(EnclosedTest, WhatCantBeReadIsDropped) {
  const ScopedLogCapture log;
  Enclosed enclosed = Enclose(Inner{{}, "hello"});
  enclosed.message.bytes.pop_back();
  EXPECT_FALSE((co_await ReceivedOf<Inner>(enclosed)).has_value());
  EXPECT_TRUE(log.Contains("can't be read"));
}

// A home that is none, and more homes than there are bytes.
TEST(EnclosedDecodeTest, RefusesWhatIsNone) {
  Shifted homes(0);
  Encoded encoded = Encode(Enclose(Inner{{Pid(1, 1, 7)}, ""}), homes);
  EXPECT_OK(Decode<Enclosed>(encoded, homes));
  for (size_t size = 0; size < encoded.bytes.size(); ++size) {
    const Encoded cut{encoded.type, encoded.bytes.substr(0, size)};
    EXPECT_FALSE(Decode<Enclosed>(cut, homes).ok()) << size;
  }
  Encoded no_home = encoded;
  no_home.bytes.resize(no_home.bytes.size() - 2);  // of 1007
  no_home.bytes += '\x07';
  EXPECT_FALSE(Decode<Enclosed>(no_home, homes).ok());
}

struct Unwritable {
  static constexpr std::string_view kWireName = "test.Unwritable";
  void Encode(WireWriter&) const { throw std::runtime_error("unwritable"); }
  static std::optional<Unwritable> Decode(WireReader&) { return Unwritable(); }
};

TEST(EnclosedDecodeTest, EncloseThrowsAsEncodeDoes) {
  EXPECT_THROW(Enclose(Unwritable()), std::runtime_error);
}

}  // namespace
}  // namespace hydra
