// Links and exits between processes of different nodes.
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/testing/fake_network.h"
#include "hydra/process/transport_testing.h"

namespace hydra::process_testing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using TransportLinkTest = TwoNodes;

// LNK1, 2.1
TEST_F(TransportLinkTest, EndOfEitherEndsTheOther) {
  const Pid b = OnB(WaitForStop);
  Run([b]() -> Async<> {
    TrapExit(true);
    Link(b);
    Exit(b, ExitReason::Kill());
    const ExitSignal exit = co_await AssertReceive<ExitSignal>();
    EXPECT_EQ(exit.from, b);
    EXPECT_EQ(exit.reason, ExitReason::Killed());
  });
  const Pid other = OnB(WaitForStop);
  Run([other]() -> Async<> {
    Spawn([other]() -> Async<> {
      Link(other);
      co_await IsAlive(other);
      ExitSelf(ExitReason::Custom("over"));
    });
    while (co_await IsAlive(other)) continue;
  });
}

// 2.1: only an explicit kill can't be trapped.
TEST_F(TransportLinkTest, KillThatComesByALinkIsTrapped) {
  const Pid b = OnB([]() -> Async<> {
    co_await WaitForStop();
    ExitSelf(ExitReason::Kill());
  });
  Run([b]() -> Async<> {
    TrapExit(true);
    Link(b);
    Send(b, Stop());
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).reason, ExitReason::Kill());
  });
}

// LNK2, LNK3
TEST_F(TransportLinkTest, UnlinkEndsItForBoth) {
  const Pid b = OnB(WaitForStop);
  Run([b]() -> Async<> {
    Link(b);
    EXPECT_THAT((co_await Info(b))->links, ElementsAre(Self()));
    Unlink(b);
    EXPECT_THAT((co_await Info(b))->links, IsEmpty());
    Link(b);
    EXPECT_THAT((co_await Info(b))->links, ElementsAre(Self()));
    Unlink(b);
    Exit(b, ExitReason::Kill());
    EXPECT_FALSE(co_await IsAlive(b));
  });
}

// LNK4: by whom it had been linked to, once it has acknowledged the end.
TEST_F(TransportLinkTest, OtherMayLinkAfterAnUnlink) {
  const Pid b = OnB([]() -> Async<> {
    const Hello hello = co_await Receive<Hello>();
    Link(hello.from);
    Send(hello.from, hello);
    co_await WaitForStop();
  });
  Run([b]() -> Async<> {
    TrapExit(true);
    Link(b);
    Unlink(b);
    co_await Info(b);
    Send(b, Hello{Self()});
    co_await AssertReceive<Hello>();
    EXPECT_THAT((co_await Info(Self()))->links, ElementsAre(b));
    Exit(b, ExitReason::Kill());
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).from, b);
  });
}

// LNK4: what acknowledges an earlier unlink doesn't acknowledge a later one.
TEST_F(TransportLinkTest, OtherMayLinkBetweenTwoUnlinks) {
  const Pid b = OnB([]() -> Async<> {
    Link((co_await Receive<Hello>()).from);
    co_await WaitForStop();
  });
  const Pid a = a_->Spawn([b]() -> Async<> {
    Link(b);
    Unlink(b);
    Send(b, Hello{Self()});
    co_await Receive<Double>();
    Link(b);
    Unlink(b);
    co_await WaitForStop();
  });
  a_->RunUntilIdle();
  network_.Deliver();
  b_->RunUntilIdle();  // its acknowledgement and its link are on their way
  a_->Send(a, Double());
  a_->RunUntilIdle();
  RunUntilIdle();
  Run([a, b]() -> Async<> {
    EXPECT_THAT((co_await Info(a))->links, IsEmpty());
    EXPECT_THAT((co_await Info(b))->links, IsEmpty());
  });
}

// LNK6, SIG8
TEST_F(TransportLinkTest, LinkToTheDeadIsNoProc) {
  const Pid b = OnB(WaitForStop);
  Run([b]() -> Async<> {
    TrapExit(true);
    Exit(b, ExitReason::Kill());
    EXPECT_FALSE(co_await IsAlive(b));
    Link(b);
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).reason, ExitReason::NoProc());
  });
}

Async<> EndWith(ExitReason reason) {
  co_await Receive<Stop>();
  ExitSelf(reason);
}

// One that is sent to another node as it is.
ExitReason LargestReason() {
  const size_t header = ExitReason::Custom("").Encode().size();
  return ExitReason::Custom(std::string(FakeNetwork::kMaxMessageBytes - header, 'x'));
}

// SIG1: a signal arrives, if not all of its reason does; whoever goes by the kind of that does what is right.
TEST_F(TransportLinkTest, ReasonsThatAreTooLarge) {
  const ScopedLogCapture quiet;
  const std::string large(FakeNetwork::kMaxMessageBytes, 'x');
  Run([&]() -> Async<> {
    TrapExit(true);
    for (const ExitReason& reason :
         {ExitReason::Custom(large), ExitReason::Shutdown(large), ExitReason::Error("Type", large),
          ExitReason::Error(large, "text")}) {
      const Pid ends = OnB(EndWith, reason);
      Link(ends);
      Monitor(ends);
      Send(ends, Stop());
      const ExitReason came = (co_await AssertReceive<ExitSignal>()).reason;
      EXPECT_EQ((co_await AssertReceive<Down>()).reason, came);
      EXPECT_EQ(came.kind(), reason.kind());
      EXPECT_EQ(came.type(), reason.type().substr(0, 1000));
      EXPECT_THAT(came.text(), testing::StartsWith(reason.text().substr(0, 1000)));
      EXPECT_THAT(came.text(), testing::HasSubstr(absl::StrCat(reason.text().size(), " bytes")));
      EXPECT_LT(came.Encode().size(), 3000U);
      // The other way.
      const Pid ended = OnB(WaitForStop);
      Monitor(ended);
      Exit(ended, reason);
      EXPECT_EQ((co_await AssertReceive<Down>()).reason, came);
    }
    const Pid ends = OnB(EndWith, LargestReason());
    Monitor(ends);
    Send(ends, Stop());
    EXPECT_EQ((co_await AssertReceive<Down>()).reason, LargestReason());
  });
}

}  // namespace
}  // namespace hydra::process_testing
