// Processes that end because their mailboxes are full.
#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/overflow.h"
#include "hydra/process/overflow_testing.h"
#include "hydra/process/pid.h"
#include "hydra/process/request.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"

namespace hydra::process_testing {
namespace {

using absl::StatusCode;

HYDRA_TEST(ExitReceiverTest, ReceiverEndsThoughItTrapsExits) {
  const Pid reader = co_await SpawnReader(2, Overflow::kExitReceiver);
  const Ref ref = Monitor(reader);
  for (int i = 0; i < 5; ++i) Send(reader, i);
  const Down down = co_await AssertReceive<Down>();
  EXPECT_EQ(down.ref, ref);
  EXPECT_EQ(down.reason,
            ExitReason::Error("hydra::MailboxOverflow", "more than 2 messages were waiting"));
}

// One is enough.
HYDRA_TEST(ExitReceiverTest, MessageThatIsTooMuchIsDropped) {
  const Pid server = *SpawnWith(Limited(1, Overflow::kExitReceiver), WaitForEver);
  Monitor(server);
  Send(server, 1);
  EXPECT_THAT(co_await Request(server, Question()), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ((co_await AssertReceive<Down>()).reason.kind(), ExitReason::Kind::kError);
}

HYDRA_TEST(ExitReceiverTest, FirstReasonWins) {
  const Pid reader = co_await SpawnReader(1, Overflow::kExitReceiver);
  Monitor(reader);
  Exit(reader, ExitReason::Kill());
  for (int i = 0; i < 5; ++i) Send(reader, i);
  EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::Killed());
}

}  // namespace
}  // namespace hydra::process_testing
