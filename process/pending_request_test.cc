#include "hydra/process/pending_request.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
#include "hydra/process/message.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using absl::StatusCode;

struct Double {
  using Reply = int;
  int number = 0;
};
struct Never {};

Async<> Doubler() {
  for (;;) {
    Asked<Double> asked = co_await Receive<Asked<Double>>();
    asked.reply_to.Send(2 * asked.request.number);
  }
}

// Keeps each request, and answers all when it is told to.
struct AnswerAll {};
Async<> Late() {
  std::vector<Asked<Double>> asked;
  for (;;) {
    co_await Receive([&](Asked<Double> one) { asked.push_back(std::move(one)); },
                     [&](AnswerAll) {
                       for (Asked<Double>& one : asked) one.reply_to.Send(2 * one.request.number);
                       asked.clear();
                     });
  }
}

// Waits until everything sent so far to `pid` has been dealt with, and answers are here.
Async<> Settle(Pid pid) { CO_ASSERT_TRUE((co_await Request(Dest(pid), Double{0})).ok()); }

// GS24
HYDRA_TEST(PendingRequestTest, AnswersAreTakenInAnyOrder) {
  const Pid doubler = Spawn(Doubler);
  PendingRequest<Double> one = SendRequest(doubler, Double{1});
  PendingRequest<Double> two = SendRequest(doubler, Double{2});
  PendingRequest<Double> three = SendRequest(doubler, Double{3});
  EXPECT_THAT(co_await two.Receive(), IsOkAndHolds(4));
  EXPECT_THAT(co_await one.Receive(), IsOkAndHolds(2));
  EXPECT_FALSE(one);
  EXPECT_TRUE(three);
  EXPECT_THAT(co_await three.Receive(), IsOkAndHolds(6));
}

// GS24: when time runs out the request is given up.
HYDRA_TEST(PendingRequestTest, ReceiveGivesUpWhenTimeRunsOut) {
  const Pid late = Spawn(Late);
  PendingRequest<Double> request = SendRequest(late, Double{1});
  const absl::StatusOr<int> answer = co_await request.Receive().Within(absl::Milliseconds(5));
  EXPECT_EQ(answer.status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(answer.status().message(), testing::HasSubstr("Double to "));
  EXPECT_FALSE(request);
  Send(late, AnswerAll{});
  co_await Settle(Spawn(Doubler));
  EXPECT_EQ(co_await ReceiveAny().Within(absl::Milliseconds(1)), std::nullopt);
}

// GS24: Wait leaves the request pending.
HYDRA_TEST(PendingRequestTest, WaitMayBeRepeated) {
  const Pid late = Spawn(Late);
  PendingRequest<Double> request = SendRequest(late, Double{4});
  EXPECT_EQ(co_await request.Wait(absl::Milliseconds(1)), std::nullopt);
  EXPECT_EQ(co_await request.Wait(absl::ZeroDuration()), std::nullopt);
  Send(late, AnswerAll{});
  const auto answer = co_await request.Wait(absl::InfiniteDuration());
  CO_ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(*answer, IsOkAndHolds(8));
  EXPECT_EQ(co_await request.Wait(absl::InfiniteDuration()), std::nullopt) << "nothing is pending";
  EXPECT_EQ((co_await request.Receive()).status().code(), StatusCode::kFailedPrecondition);
}

// GS24: whoever can't answer fails the request; nothing throws.
HYDRA_TEST(PendingRequestTest, FailsByItsAnswer) {
  PendingRequest<Double> nobody = SendRequest("nobody", Double{1});
  EXPECT_EQ((co_await nobody.Receive()).status().code(), StatusCode::kNotFound);
  const Pid killed = Spawn(Late);
  PendingRequest<Double> request = SendRequest(killed, Double{1});
  Exit(killed, ExitReason::Kill());
  const absl::Status status = (co_await request.Receive()).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(ExitReasonOf(status), ExitReason::Killed());
}

// GS24: a process may ask itself.
HYDRA_TEST(PendingRequestTest, ProcessMayAskItself) {
  PendingRequest<Double> request = SendRequest(Self(), Double{5});
  Asked<Double> asked = co_await AssertReceive<Asked<Double>>();
  asked.reply_to.Send(10);
  EXPECT_THAT(co_await request.Receive(), IsOkAndHolds(10));
}

// GS24: check_response.
HYDRA_TEST(PendingRequestTest, CheckKnowsItsAnswer) {
  const Pid doubler = Spawn(Doubler);
  PendingRequest<Double> one = SendRequest(doubler, Double{1});
  PendingRequest<Double> two = SendRequest(doubler, Double{2});
  Message message = co_await ReceiveAny();
  EXPECT_EQ(two.Check(message), std::nullopt);
  EXPECT_TRUE(message);
  auto answer = one.Check(message);
  CO_ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(*answer, IsOkAndHolds(2));
  EXPECT_FALSE(message);
  Message other(Never{});
  EXPECT_EQ(two.Check(other), std::nullopt);
  EXPECT_TRUE(other);
}

// Destroyed, it gives the request up, whether the answer has come or not.
HYDRA_TEST(PendingRequestTest, DestroyedItLeavesNothing) {
  const Pid doubler = Spawn(Doubler);
  const Pid late = Spawn(Late);
  {
    PendingRequest<Double> come = SendRequest(doubler, Double{1});
    PendingRequest<Double> to_come = SendRequest(late, Double{1});
    EXPECT_EQ(co_await come.Wait(absl::ZeroDuration()), std::nullopt);
    co_await Settle(doubler);
  }
  Send(late, AnswerAll{});
  co_await Settle(doubler);
  EXPECT_EQ(co_await ReceiveAny().Within(absl::Milliseconds(5)), std::nullopt);
}

// Other receives don't see answers as something else, and wait on.
HYDRA_TEST(PendingRequestTest, AnswerWaitsForWhoeverAsksForIt) {
  const Pid doubler = Spawn(Doubler);
  PendingRequest<Double> request = SendRequest(doubler, Double{1});
  co_await Settle(doubler);
  EXPECT_EQ(co_await Receive<int>().Within(absl::ZeroDuration()), std::nullopt);
  EXPECT_EQ((co_await Info(Self()))->message_queue_length, 1U);
  EXPECT_THAT(co_await request.Receive(), IsOkAndHolds(2));
}

// GS24: collections, with labels.
HYDRA_TEST(PendingRequestsTest, AnswersComeWithTheirLabels) {
  const Pid doubler = Spawn(Doubler);
  const Pid late = Spawn(Late);
  PendingRequests<Double, std::string> requests;
  requests.Add(SendRequest(late, Double{1}), "late");
  requests.Add(SendRequest(doubler, Double{2}), "soon");
  requests.Add(SendRequest("nobody", Double{3}), "never");
  EXPECT_EQ(requests.size(), 3U);
  for (int i = 0; i < 2; ++i) {
    const auto response = co_await requests.Receive();
    CO_ASSERT_TRUE(response.has_value());
    if (response->label == "soon") {
      EXPECT_THAT(response->result, IsOkAndHolds(4));
    } else {
      EXPECT_EQ(response->label, "never");
      EXPECT_EQ(response->result.status().code(), StatusCode::kNotFound);
    }
  }
  EXPECT_FALSE((co_await requests.Receive(absl::Milliseconds(1))).has_value());
  EXPECT_EQ(requests.size(), 1U);
  Send(late, AnswerAll{});
  Message message = co_await ReceiveAny();
  const auto response = requests.Check(message);
  CO_ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->label, "late");
  EXPECT_TRUE(requests.empty());
  EXPECT_FALSE((co_await requests.Receive()).has_value());
}

HYDRA_TEST(PendingRequestsTest, RemoveGivesUp) {
  const Pid late = Spawn(Late);
  PendingRequests<Double, int> requests;
  for (int i = 0; i < 3; ++i) requests.Add(SendRequest(late, Double{i}), i);
  requests.Remove(1);
  Send(late, AnswerAll{});
  EXPECT_EQ((co_await requests.Receive())->label, 0);
  EXPECT_EQ((co_await requests.Receive())->label, 2);
  EXPECT_EQ(co_await ReceiveAny().Within(absl::Milliseconds(5)), std::nullopt);
}

HYDRA_TEST(PendingRequestsTest, TakeKeepsTheRequest) {
  const Pid late = Spawn(Late);
  PendingRequests<Double, int> requests;
  for (int i = 0; i < 3; ++i) requests.Add(SendRequest(late, Double{i}), i);
  PendingRequest<Double> taken = requests.Take(1);
  EXPECT_FALSE(requests.Take(1));
  EXPECT_EQ(requests.size(), 2U);
  Send(late, AnswerAll{});
  EXPECT_THAT(co_await taken.Receive(), IsOkAndHolds(2));
  EXPECT_EQ((co_await requests.Receive())->label, 0);
  EXPECT_EQ((co_await requests.Receive())->label, 2);
}

}  // namespace
}  // namespace hydra
