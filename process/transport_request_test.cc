// Requests to processes of other nodes.
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/transport_testing.h"

namespace hydra::process_testing {
namespace {

using absl::StatusCode;

using TransportRequestTest = TwoNodes;

// Requests of this type nobody receives.
struct Unknown {
  using Reply = int;
  static constexpr std::string_view kWireName = "test.Unknown";
};
struct LocalQuestion {
  using Reply = int;
  std::unique_ptr<int> value;
};
struct GiveUnwritable {
  using Reply = Unwritable;
  static constexpr std::string_view kWireName = "test.GiveUnwritable";
};

TEST_F(TransportRequestTest, RequestsAreAnswered) {
  const Pid server = OnB(Server);
  ASSERT_OK(b_->Register(server, "server"));
  Run([server]() -> Async<> {
    EXPECT_EQ(*co_await Request(server, Double{21}), 42);
    EXPECT_EQ(*co_await Request({"server", kB}, Double{4}), 8);
    EXPECT_THAT(co_await Request({"nobody", kB}, Double{4}), StatusIs(StatusCode::kNotFound));
    EXPECT_THAT(co_await Request(server, Unknown()), StatusIs(StatusCode::kUnimplemented));
    EXPECT_THAT(co_await Request(server, LocalQuestion()), StatusIs(StatusCode::kInvalidArgument));
    Send(server, Stop());
    while (co_await IsAlive(server)) continue;
    EXPECT_THAT(co_await Request(server, Double{1}), StatusIs(StatusCode::kNotFound));
  });
}

TEST_F(TransportRequestTest, RequestToOneThatEndsFails) {
  const Pid server = OnB([]() -> Async<> {
    const auto asked = co_await Receive<Asked<Double>>();
    ExitSelf(ExitReason::Custom("over"));
  });
  const Pid dropping = OnB([]() -> Async<> {
    co_await Receive<Asked<Double>>();
    co_await WaitForStop();
  });
  Run([server, dropping]() -> Async<> {
    const absl::StatusOr<int> answer = co_await Request(server, Double{1});
    EXPECT_THAT(answer, StatusIs(StatusCode::kUnavailable));
    EXPECT_EQ(ExitReasonOf(answer.status()), ExitReason::Custom("over"));
    EXPECT_THAT(co_await Request(dropping, Double{1}), StatusIs(StatusCode::kUnavailable));
  });
}

TEST_F(TransportRequestTest, RequestEndsByItsTimeoutAndByALoss) {
  const Pid silent = OnB(WaitForStop);
  Run([this, silent]() -> Async<> {
    EXPECT_THAT(co_await Request(silent, Double{1}).Within(absl::Seconds(1)),
                StatusIs(StatusCode::kDeadlineExceeded));
    Spawn([this, silent]() -> Async<> {
      co_await Info(silent);
      network_.Cut(kA, kB);
    });
    EXPECT_THAT(co_await Request(silent, Double{1}).Within(absl::InfiniteDuration()),
                StatusIs(StatusCode::kUnavailable));
  });
}

TEST_F(TransportRequestTest, AnswerThatCannotBeReadIsAFailure) {
  const Pid server = OnB(Server);
  network_.SetFilter([](Envelope& envelope) {
    if (envelope.kind == Envelope::Kind::kReply) envelope.value.bytes += "!";
    return true;
  });
  Run([server]() -> Async<> {
    EXPECT_THAT(co_await Request(server, Double{1}), StatusIs(StatusCode::kDataLoss));
    EXPECT_EQ(co_await Info(server), std::nullopt);
  });
}

TEST_F(TransportRequestTest, AnswerThatCannotBeWrittenIsAFailure) {
  const Pid server = OnB([]() -> Async<> {
    (co_await Receive<Asked<GiveUnwritable>>()).reply_to.Send(Unwritable());
    co_await WaitForStop();
  });
  const ScopedLogCapture log;
  Run([server]() -> Async<> {
    EXPECT_THAT(co_await Request(server, GiveUnwritable()), StatusIs(StatusCode::kUnavailable));
    EXPECT_TRUE(co_await IsAlive(server));
  });
  EXPECT_TRUE(log.Contains("an answer to another node is dropped"));
}

TEST_F(TransportRequestTest, RequestThatCannotBeReadIsAnswered) {
  const Pid server = OnB(Server);
  network_.SetFilter([](Envelope& envelope) {
    if (envelope.kind == Envelope::Kind::kRequest) envelope.value.bytes += "!";
    return true;
  });
  Run([server]() -> Async<> {
    EXPECT_THAT(co_await Request(server, Double{1}), StatusIs(StatusCode::kUnimplemented));
  });
}

}  // namespace
}  // namespace hydra::process_testing
