// Child specs: what they say, what Child makes of a class, and which are refused.
#include "hydra/supervisor/child_spec.h"

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/via_testing.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/supervision_testing.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using absl::StatusCode;
using process_testing::Pointer;
using supervisor_testing::EndChild;
using supervisor_testing::Events;
using supervisor_testing::Idle;
using supervisor_testing::NextEvents;
using supervisor_testing::RecorderSpec;
using supervisor_testing::StartSupervisor;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ChildSpec Sensible() { return ProcessChild({.id = "cache"}, Idle); }

// ---- What they say.

// SUP6
TEST(ChildSpecTest, ShutdownIsThatOfTheTypeUnlessItSaysOtherwise) {
  ChildSpec spec = Sensible();
  EXPECT_EQ(spec.shutdown_or_default(), Shutdown::Within(absl::Seconds(5)));
  spec.type = ChildType::kSupervisor;
  EXPECT_EQ(spec.shutdown_or_default(), Shutdown::Infinity());
  spec.shutdown = Shutdown::BrutalKill();
  EXPECT_EQ(spec.shutdown_or_default(), Shutdown::BrutalKill());
}

TEST(ChildSpecTest, ShutdownCanBePrinted) {
  EXPECT_EQ(Shutdown::BrutalKill().ToString(), "brutal kill");
  EXPECT_EQ(Shutdown::Within(absl::Milliseconds(1500)).ToString(), "within 1.5s");
  EXPECT_EQ(Shutdown::Infinity().ToString(), "infinity");
}

TEST(ChildSpecTest, StatesCanBePrinted) {
  EXPECT_EQ(ToString(ChildState::kRunning), "running");
  EXPECT_EQ(ToString(ChildState::kRestarting), "restarting");
  EXPECT_EQ(ToString(ChildState::kStopped), "stopped");
}

// ---- What Child makes.

struct Plain {
  using Protocol = hydra::Protocol<>;
};

TEST(ChildTest, IdIsGivenOrTheNameOrThatOfTheClass) {
  EXPECT_EQ(Child<Plain>({.id = "id", .server = {.name = "name"}}).id, "id");
  EXPECT_EQ(Child<Plain>({.server = {.name = "name"}}).id, "name");
  EXPECT_THAT(Child<Plain>({}).id, HasSubstr("Plain"));
  EXPECT_EQ(Child<Plain>({.server = {.via = std::make_shared<Pointer>("key")}}).id, "key");
  EXPECT_EQ(ProcessChild({.server = {.name = "name"}}, Idle).id, "name");
  EXPECT_EQ(ProcessChild({}, Idle).id, "process");
}

TEST(ChildTest, OptionsAreThoseOfTheSpec) {
  const ChildSpec spec = Child<Plain>({.restart = Restart::kTemporary,
                                       .shutdown = Shutdown::Infinity(),
                                       .significant = true,
                                       .backoff = Backoff{.factor = 3}});
  EXPECT_EQ(spec.restart, Restart::kTemporary);
  EXPECT_EQ(spec.shutdown, Shutdown::Infinity());
  EXPECT_TRUE(spec.significant);
  EXPECT_EQ(spec.backoff->factor, 3);
  EXPECT_EQ(spec.type, ChildType::kWorker);
}

// SUP29
TEST(ChildTest, ASupervisorIsOfThatType) {
  EXPECT_EQ(Child<Supervisor>({}, SupervisorOptions(), Children()).type, ChildType::kSupervisor);
}

// OTP's defaults but for the restart: a backoff is something to ask for.
TEST(ChildTest, Defaults) {
  const ChildSpec spec = Child<Plain>({});
  EXPECT_EQ(spec.restart, Restart::kPermanent);
  EXPECT_EQ(spec.shutdown, std::nullopt);
  EXPECT_FALSE(spec.significant);
  EXPECT_FALSE(spec.backoff.has_value());
}

// Tells how many words it was given, and forgets them.
struct Forgetful {
  using Protocol = hydra::Protocol<>;
  Forgetful(Pid owner, std::vector<std::string> of) : words(std::move(of)) {
    Send(owner, supervisor_testing::Event{std::to_string(words.size()), Self(), {}});
    words.clear();
  }
  std::vector<std::string> words;
};

HYDRA_TEST(ChildTest, EachStartGetsCopiesOfTheArguments) {
  const ScopedLogCapture log;
  const auto supervisor =
      co_await StartSupervisor({}, {Child<Forgetful>({.server = {.name = "a"}}, Self(),
                                                     std::vector<std::string>{"hello", "world"})});
  co_await EndChild("a");
  EXPECT_THAT(co_await NextEvents(2), ElementsAre("2", "2"));
  EXPECT_OK(co_await CountChildren(supervisor));
}

HYDRA_TEST(ChildTest, ProcessHasItsNameAndLabelAndIsLinked) {
  const auto body = [](Pid owner, std::string word) -> Async<> {
    Send(owner,
         supervisor_testing::Event{word + " " + RegisteredName() + " " + Label(), Self(), {}});
    co_await Idle();
  };
  const auto supervisor =
      co_await StartSupervisor({}, {ProcessChild({.server = {.name = "name", .label = "label"}},
                                                 body, Self(), std::string("word"))});
  EXPECT_THAT(co_await NextEvents(1), ElementsAre("word name label"));
  EXPECT_OK(co_await Stop(supervisor));
  EXPECT_FALSE(WhereIs("name"));
}

// REG6: each start registers its process.
HYDRA_TEST(ChildTest, ServerIsStartedAnewAtItsVia) {
  const ScopedLogCapture log;
  const auto via = std::make_shared<Pointer>("key");
  const auto supervisor = co_await StartSupervisor({}, {Child<Plain>({.server = {.via = via}})});
  const Pid first = via->WhereIs();
  CO_ASSERT_TRUE(first);
  const Ref ref = Monitor(via);
  Exit(first, ExitReason::Kill());
  co_await Receive<Down>().For(ref);
  EXPECT_OK(co_await CountChildren(supervisor));
  EXPECT_TRUE(via->WhereIs());
  EXPECT_NE(via->WhereIs(), first);
}

HYDRA_TEST(ChildTest, ProcessIsNotStartedAtAVia) {
  const auto via = std::make_shared<Pointer>("key");
  const ChildSpec spec = ProcessChild({.server = {.via = via}}, Idle);
  EXPECT_THAT(co_await spec.start(), StatusIs(StatusCode::kInvalidArgument, HasSubstr("Via")));
  EXPECT_EQ(via->WhereIs(), Pid());
}

// ---- Which are refused.

struct Invalid {
  const char* name;
  void (*spoil)(ChildSpec&);
  const char* why;
};

const Invalid kInvalid[] = {
    {"NoStart", [](ChildSpec& spec) { spec.start = nullptr; }, "start function"},
    {"NegativeShutdown",
     [](ChildSpec& spec) { spec.shutdown = Shutdown::Within(-absl::Seconds(1)); }, "positive"},
    {"SignificantPermanent", [](ChildSpec& spec) { spec.significant = true; }, "permanent"},
    {"NegativeBackoff",
     [](ChildSpec& spec) { spec.backoff = Backoff{.initial = -absl::Seconds(1)}; }, "initial"},
    {"BackoffBeyondMax",
     [](ChildSpec& spec) {
       spec.backoff = Backoff{.initial = absl::Seconds(2), .max = absl::Seconds(1)};
     },
     "max"},
    {"BackoffThatShrinks", [](ChildSpec& spec) { spec.backoff = Backoff{.factor = 0.5}; },
     "factor"},
    {"BackoffOfNoFactor",
     [](ChildSpec& spec) {
       spec.backoff = Backoff{.factor = std::numeric_limits<double>::quiet_NaN()};
     },
     "factor"},
    {"NegativeJitter", [](ChildSpec& spec) { spec.backoff = Backoff{.jitter = -0.1}; }, "jitter"},
    {"JitterBeyondOne", [](ChildSpec& spec) { spec.backoff = Backoff{.jitter = 1.1}; }, "jitter"},
};

class InvalidSpecTest : public testing::TestWithParam<Invalid> {};

// SUP4
TEST_P(InvalidSpecTest, SaysWhatIsWrongAndWithWhichChild) {
  ChildSpec spec = Sensible();
  EXPECT_OK(spec.Check());
  GetParam().spoil(spec);
  EXPECT_THAT(spec.Check(), StatusIs(StatusCode::kInvalidArgument,
                                     AllOf(HasSubstr("\"cache\""), HasSubstr(GetParam().why))));
}

// SUP4
TEST_P(InvalidSpecTest, StartsNothing) {
  TestByHand([]() -> Async<> {
    ChildSpec spec = Sensible();
    GetParam().spoil(spec);
    EXPECT_THAT(co_await StartLink<Supervisor>({}, SupervisorOptions(),
                                               Children{RecorderSpec("first"), std::move(spec)}),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr("\"cache\"")));
    EXPECT_THAT(co_await Events(), IsEmpty());
  });
}

INSTANTIATE_TEST_SUITE_P(All, InvalidSpecTest, testing::ValuesIn(kInvalid),
                         [](const auto& info) { return std::string(info.param.name); });

Async<absl::Status> StatusOfStart(SupervisorOptions options, Children children) {
  const auto supervisor = co_await StartLink<Supervisor>({}, options, std::move(children));
  co_return supervisor.status();
}

// SUP4
HYDRA_TEST(InvalidChildrenTest, TwoOfOneId) {
  EXPECT_THAT(co_await StatusOfStart({}, {RecorderSpec("first"), Sensible(), Sensible()}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("\"cache\"")));
  EXPECT_THAT(co_await Events(), IsEmpty());
}

// SUP4
HYDRA_TEST(InvalidChildrenTest, NoId) {
  ChildSpec spec = Sensible();
  spec.id = "";
  EXPECT_THAT(co_await StatusOfStart({}, {RecorderSpec("first"), spec}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("id")));
  EXPECT_THAT(co_await Events(), IsEmpty());
}

// SUP4
HYDRA_TEST(InvalidChildrenTest, SignificantOneOfASupervisorThatGoesOnWithoutIt) {
  ChildSpec spec = Sensible();
  spec.restart = Restart::kTransient;
  spec.significant = true;
  EXPECT_THAT(co_await StatusOfStart({}, {RecorderSpec("first"), spec}),
              StatusIs(StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("\"cache\""), HasSubstr("auto_shutdown"))));
  EXPECT_THAT(co_await Events(), IsEmpty());
  for (const AutoShutdown when : {AutoShutdown::kAnySignificant, AutoShutdown::kAllSignificant})
    EXPECT_OK(co_await StatusOfStart({.auto_shutdown = when}, {spec}));
}

}  // namespace
}  // namespace hydra
