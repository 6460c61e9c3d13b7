#include "hydra/process/internal/limited_inbox.h"

#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/overflow.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t kSerial = 7;

// Destroys a list of messages and returns their values.
std::vector<int> Values(Signal* first) {
  std::vector<int> values;
  while (first != nullptr) {
    Signal* next = first->next;
    values.push_back(static_cast<ValueSignal<int>*>(first)->value);
    DestroySignal(first);
    first = next;
  }
  return values;
}

class LimitedInboxTest : public testing::Test {
 protected:
  ~LimitedInboxTest() override { Close(); }

  LimitedInbox::Pushed Push(int value) {
    Signal* signal = NewSignal<int>(&kMessageType<int>, value);
    const LimitedInbox::Pushed pushed = inbox_.Push(kSerial, signal, {});
    if (pushed.closed) DestroySignal(signal);
    if (pushed.dropped != nullptr) {
      pushed.dropped->next = nullptr;
      dropped_ = Values(pushed.dropped);
    }
    return pushed;
  }

  void Close() {
    std::vector<Pid> released;
    Values(inbox_.Close(released));
  }

  LimitedInbox inbox_;
  std::vector<int> dropped_;  // by the last push that has dropped something
};

// While the owner takes what is in the queue in, others fill it again.
TEST_F(LimitedInboxTest, ThereIsNoExcessWhileTheRestIsInTheQueue) {
  inbox_.Open(kSerial, {.messages = 2, .on_overflow = Overflow::kDropOldest});
  for (int i = 0; i < 4; ++i) Push(i);
  EXPECT_THAT(dropped_, ElementsAre(1));
  EXPECT_FALSE(inbox_.HasExcess());
  EXPECT_THAT(Values(inbox_.Take()), ElementsAre(2, 3));
  EXPECT_FALSE(inbox_.HasExcess());
  for (int i = 4; i < 7; ++i) Push(i);
  EXPECT_THAT(dropped_, ElementsAre(4));
  EXPECT_FALSE(inbox_.HasExcess()) << "only what is in the mailbox can be dropped by the owner";
  EXPECT_THAT(Values(inbox_.Take()), ElementsAre(5, 6));
  for (const uint64_t dropped : {4U, 5U}) {
    EXPECT_TRUE(inbox_.HasExcess());
    EXPECT_EQ(inbox_.Dropped(), dropped);
  }
  EXPECT_FALSE(inbox_.HasExcess());
}

TEST_F(LimitedInboxTest, OwnerIsWokenOncePerTake) {
  inbox_.Open(kSerial, {.messages = 5});
  EXPECT_TRUE(Push(0).wake);
  EXPECT_FALSE(Push(1).wake);
  Values(inbox_.Take());
  EXPECT_TRUE(Push(2).wake);
}

// The next process has the inbox as if it were a new one, whatever the last one left.
TEST_F(LimitedInboxTest, IsNewForTheNextProcess) {
  inbox_.Open(kSerial, {.messages = 1});
  for (int i = 0; i < 2; ++i) Push(i);
  inbox_.SetHeld(true);
  Close();
  EXPECT_TRUE(Push(2).closed);
  inbox_.Open(kSerial, {.messages = 1});
  EXPECT_EQ(inbox_.dropped(), 0U);
  dropped_.clear();
  EXPECT_TRUE(Push(3).wake);
  EXPECT_THAT(dropped_, IsEmpty());
}

}  // namespace
}  // namespace hydra::process_internal
