// Who sends more to a node than may wait there is held: NOD18.
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/testing/fake_network.h"
#include "hydra/process/transport_testing.h"

namespace hydra::process_testing {
namespace {

class NodeBusyTest : public TwoNodes {
 protected:
  // Sends two messages to `to` with a suspension between them, and counts what it has sent.
  static Async<> SendTwo(Pid to, int* sent) {
    for (; *sent < 2; ++*sent) {
      Send(to, Hello{Self(), *sent});
      co_await Yield();
    }
  }
};

// NOD18: it is held at its next suspension, and goes on when the node is free.
TEST_F(NodeBusyTest, ASenderIsHeldUntilTheNodeIsFree) {
  const Pid server = OnB(Server);
  int sent = 0;
  network_.SetBusy(kA, kB, true);
  a_->Spawn(&SendTwo, server, &sent);
  while (Step()) continue;
  EXPECT_EQ(sent, 0);
  network_.SetBusy(kA, kB, false);
  while (Step()) continue;
  EXPECT_EQ(sent, 2);
}

// NOD18: and when the node is lost.
TEST_F(NodeBusyTest, ASenderGoesOnWhenTheNodeIsLost) {
  const Pid server = OnB(Server);
  int sent = 0;
  network_.Connect(kA, kB);
  network_.SetBusy(kA, kB, true);
  a_->Spawn(&SendTwo, server, &sent);
  while (Step()) continue;
  EXPECT_EQ(sent, 0);
  network_.Cut(kA, kB);
  while (Step()) continue;
  EXPECT_EQ(sent, 1);  // held again by its second
}

// NOD18: others aren't held, nor is who sends elsewhere.
TEST_F(NodeBusyTest, OthersGoOn) {
  const Pid server = OnB(Server);
  network_.SetBusy(kA, kB, true);
  int sent = 0;
  a_->Spawn(&SendTwo, server, &sent);
  Run([]() -> Async<> {
    Send(Self(), Hello{});
    co_await AssertReceive<Hello>();
    Send("nobody", Hello{});
    co_await Yield();
  });
  EXPECT_EQ(sent, 0);
}

// NOD18: exits and Downs get through, and end who is held.
TEST_F(NodeBusyTest, WhoIsHeldCanBeKilled) {
  const Pid server = OnB(Server);
  network_.SetBusy(kA, kB, true);
  Run([server]() -> Async<> {
    int sent = 0;
    const Pid held = Spawn(&SendTwo, server, &sent);
    const Ref ref = Monitor(held);
    co_await Yield();
    Exit(held, ExitReason::Kill());
    EXPECT_EQ((co_await AssertReceive<Down>()).ref, ref);
  });
}

// NOD18: the request of who is held ends by its timeout.
TEST_F(NodeBusyTest, ARequestEndsByItsTimeout) {
  const Pid server = OnB(WaitForStop);
  network_.SetBusy(kA, kB, true);
  Run([server]() -> Async<> {
    const absl::StatusOr<int> answer = co_await Request(server, Double{2}).Within(absl::Seconds(1));
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded);
  });
}

struct Bulk {
  static constexpr std::string_view kWireName = "test.Bulk";
  using Reply = int;
  std::string bytes;
};

// A message that is larger than a node may send ends its sender, and a request isn't sent.
TEST_F(NodeBusyTest, WhatIsTooLargeIsRefused) {
  const Pid server = OnB(Server);
  Run([server]() -> Async<> {
    const auto send = [](Pid to) -> Async<> {
      Send(to, Bulk{std::string(FakeNetwork::kMaxMessageBytes + 1, 'x')});
      co_await Yield();
    };
    const Pid sender = Spawn(send, server);
    Monitor(sender);
    const Down down = co_await AssertReceive<Down>();
    EXPECT_THAT(down.reason.ToString(), testing::HasSubstr("max_message_bytes"));
    const absl::StatusOr<int> answer =
        co_await Request(server, Bulk{std::string(FakeNetwork::kMaxMessageBytes + 1, 'x')});
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument);
  });
}

}  // namespace
}  // namespace hydra::process_testing
