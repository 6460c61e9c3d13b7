#include "hydra/supervisor/partitions.h"

#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using absl::StatusCode;

class Numbered {
 public:
  struct Number {
    using Reply = size_t;
  };
  using Protocol = hydra::Protocol<Number>;
  explicit Numbered(size_t number) : number_(number) {}
  size_t HandleCall(Number) const { return number_; }

 private:
  size_t number_;
};
using Number = Numbered::Number;

ChildSpec NumberedSpec(size_t number) { return Child<Numbered>({}, number); }

Async<ServerRef<Supervisor>> StartUnder(Partitions<Numbered> partitions) {
  auto supervisor = co_await StartLink<Supervisor>({}, SupervisorOptions{}, partitions.children());
  co_return supervisor.value();
}

// PAR1
HYDRA_TEST(PartitionsTest, AnIntegerPicksByItsAbsoluteValue) {
  const Partitions<Numbered> partitions(4, NumberedSpec);
  co_await StartUnder(partitions);
  EXPECT_THAT(co_await partitions.For(5).Call(Number{}), IsOkAndHolds(1U));
  EXPECT_THAT(co_await partitions.For(-5).Call(Number{}), IsOkAndHolds(1U));
  EXPECT_THAT(co_await partitions.For(uint64_t{1} << 63).Call(Number{}), IsOkAndHolds(0U));
  EXPECT_THAT(co_await partitions.For(INT64_MIN).Call(Number{}), IsOkAndHolds(0U));
  EXPECT_THAT(co_await partitions.For(char{7}).Call(Number{}), IsOkAndHolds(3U));
}

// PAR1
HYDRA_TEST(PartitionsTest, AnyOtherKeyPicksByItsHashAlwaysTheSame) {
  const Partitions<Numbered> partitions(3, NumberedSpec);
  co_await StartUnder(partitions);
  std::set<Pid> used;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "key " + std::to_string(i);
    used.insert(partitions.For(key).pid());
    EXPECT_EQ(partitions.For(key).pid(), partitions.For(key.c_str()).pid());
  }
  EXPECT_EQ(used.size(), 3U);
}

// PAR1: as many as there are cores unless told otherwise; never none.
TEST(PartitionsTest, HasAtLeastOne) {
  EXPECT_GE(Partitions<Numbered>(NumberedSpec).size(), 1U);
  EXPECT_EQ(Partitions<Numbered>(0, NumberedSpec).size(), 1U);
}

// PAR1: their ids are their numbers.
HYDRA_TEST(PartitionsTest, AreChildrenByTheirNumbers) {
  const Partitions<Numbered> partitions(2, NumberedSpec);
  const auto supervisor = co_await StartUnder(partitions);
  const auto children = (co_await WhichChildren(supervisor)).value();
  CO_ASSERT_EQ(children.size(), 2U);
  EXPECT_EQ(children[0].id, "0");
  EXPECT_EQ(children[1].id, "1");
  EXPECT_EQ(partitions.For(1).pid(), children[1].pid);
}

HYDRA_TEST(PartitionsTest, AreNobodyBeforeTheyHaveStarted) {
  const Partitions<Numbered> partitions(2, NumberedSpec);
  EXPECT_THAT(co_await partitions.For(1).Call(Number{}), StatusIs(StatusCode::kNotFound));
}

// PAR1: a partition that has been started anew is found.
HYDRA_TEST(PartitionsTest, FindsTheOneThatWasStartedAnew) {
  const Partitions<Numbered> partitions(2, NumberedSpec);
  co_await StartUnder(partitions);
  const Pid before = partitions.For(1).pid();
  Exit(before, ExitReason::Kill());
  while (partitions.For(1).pid() == before) co_await Yield();
  EXPECT_THAT(co_await partitions.For(1).Call(Number{}), IsOkAndHolds(1U));
}

// PAR1
HYDRA_TEST(PartitionsTest, IsResizedWithinTheFirstNumber) {
  const Partitions<Numbered> partitions(4, NumberedSpec);
  const auto supervisor = co_await StartUnder(partitions);
  EXPECT_OK(co_await partitions.Resize(supervisor, 2));
  EXPECT_EQ(partitions.size(), 2U);
  EXPECT_THAT(co_await partitions.For(3).Call(Number{}), IsOkAndHolds(1U));
  EXPECT_EQ((co_await CountChildren(supervisor))->active, 2U);
  EXPECT_OK(co_await partitions.Resize(supervisor, 4));
  EXPECT_THAT(co_await partitions.For(3).Call(Number{}), IsOkAndHolds(3U));
  EXPECT_THAT(co_await partitions.Resize(supervisor, 5),
              StatusIs(StatusCode::kInvalidArgument, testing::HasSubstr("1 to 4")));
  EXPECT_THAT(co_await partitions.Resize(supervisor, 0), StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace hydra
