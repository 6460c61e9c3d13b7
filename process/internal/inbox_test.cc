#include "hydra/process/internal/inbox.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "gtest/gtest.h"
#include "hydra/base/compiler.h"
#include "hydra/base/mutex.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/testing/rounds.h"

namespace hydra::process_internal {
namespace {

using PushResult = Inbox::PushResult;

Signal* NewMessage(int value) { return NewSignal<int>(&kMessageType<int>, value); }

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

class InboxTest : public testing::Test {
 protected:
  InboxTest() { inbox_.Open(cursor_); }
  ~InboxTest() override { Values(inbox_.Close(cursor_)); }

  PushResult Push(int value) { return inbox_.Push(NewMessage(value)); }

  // Takes what is new, consumes it as a process does, and returns the values.
  std::vector<int> Consume() {
    std::vector<int> values;
    for (Signal* signal = inbox_.TakeNew(cursor_); signal != nullptr;) {
      Signal* next = signal->next;
      values.push_back(static_cast<ValueSignal<int>*>(signal)->value);
      if (!Inbox::Pin(cursor_, signal)) DestroySignal(signal);
      signal = next;
    }
    return values;
  }

  Inbox inbox_;
  InboxCursor cursor_;
};

using Ints = std::vector<int>;

TEST_F(InboxTest, AwakeOwnerIsNotWoken) {
  EXPECT_EQ(Push(1), PushResult::kQueued);
  EXPECT_EQ(Push(2), PushResult::kQueued);
  EXPECT_EQ(Consume(), Ints({1, 2}));
}

TEST_F(InboxTest, OneSenderOnlyWakesASleepingOwner) {
  ASSERT_TRUE(inbox_.Sleep(cursor_));
  EXPECT_EQ(Push(1), PushResult::kWokeOwner);
  EXPECT_EQ(Push(2), PushResult::kQueued);
  EXPECT_EQ(Consume(), Ints({1, 2}));
  ASSERT_TRUE(inbox_.Sleep(cursor_));
  EXPECT_EQ(Push(3), PushResult::kWokeOwner);
  EXPECT_EQ(Consume(), Ints({3}));
}

// SIG2
TEST_F(InboxTest, HandsOutTheOldestFirstAcrossTakes) {
  for (int i = 0; i < 3; ++i) Push(i);
  EXPECT_EQ(Consume(), Ints({0, 1, 2}));
  for (int i = 3; i < 5; ++i) Push(i);
  EXPECT_EQ(Consume(), Ints({3, 4}));
  EXPECT_EQ(Consume(), Ints());
}

TEST_F(InboxTest, HasNewUntilItIsTaken) {
  EXPECT_FALSE(inbox_.HasNew(cursor_));
  Push(1);
  EXPECT_TRUE(inbox_.HasNew(cursor_));
  Consume();
  EXPECT_FALSE(inbox_.HasNew(cursor_));
  EXPECT_EQ(inbox_.TakeNew(cursor_), nullptr);
}

TEST_F(InboxTest, DoesNotSleepWhenSomethingCame) {
  Push(1);
  EXPECT_FALSE(inbox_.Sleep(cursor_));
  EXPECT_EQ(Consume(), Ints({1}));
  Push(2);
  EXPECT_FALSE(inbox_.Sleep(cursor_)) << "the last one was seen, this one wasn't";
  EXPECT_EQ(Push(3), PushResult::kQueued) << "it isn't asleep";
  EXPECT_EQ(Consume(), Ints({2, 3}));
  EXPECT_TRUE(inbox_.Sleep(cursor_));
}

TEST_F(InboxTest, SleepsAlthoughMessagesAreNotConsumed) {
  Push(1);
  Signal* kept = inbox_.TakeNew(cursor_);
  EXPECT_TRUE(inbox_.Sleep(cursor_));
  EXPECT_EQ(Push(2), PushResult::kWokeOwner);
  EXPECT_EQ(Consume(), Ints({2}));
  EXPECT_EQ(Values(kept), Ints({1}));
}

TEST_F(InboxTest, CloseReturnsTheRestAndRefusesPushes) {
  Push(1);
  Consume();
  Push(2);
  Push(3);
  EXPECT_FALSE(inbox_.IsClosed());
  EXPECT_EQ(Values(inbox_.Close(cursor_)), Ints({2, 3}));
  EXPECT_TRUE(inbox_.IsClosed());
  Signal* refused = NewMessage(4);
  EXPECT_EQ(inbox_.Push(refused), PushResult::kClosed);
  EXPECT_EQ(Values(inbox_.TakeNew(cursor_)), Ints());
  DestroySignal(refused);  // it was left to us
}

TEST_F(InboxTest, CloseReturnsNothingTwice) {
  Push(1);
  Consume();
  EXPECT_EQ(inbox_.Close(cursor_), nullptr);
}

TEST_F(InboxTest, CloseWhileAsleepReturnsNothing) {
  ASSERT_TRUE(inbox_.Sleep(cursor_));
  EXPECT_EQ(inbox_.Close(cursor_), nullptr);
}

TEST_F(InboxTest, OpensAgain) {
  Push(1);
  Values(inbox_.Close(cursor_));
  inbox_.Open(cursor_);
  EXPECT_EQ(Push(2), PushResult::kQueued);
  EXPECT_EQ(Consume(), Ints({2}));
}

TEST(InboxStateTest, StartsClosed) {
  Inbox inbox;
  Signal* signal = NewMessage(1);
  EXPECT_TRUE(inbox.IsClosed());
  EXPECT_EQ(inbox.Push(signal), PushResult::kClosed);
  DestroySignal(signal);
}

// Whether a block of this node's size that is allocated now is this node: so it is if it was freed
// last. Under the sanitizers, which don't reuse blocks so soon, the test's own accesses tell.
bool IsFreed(const Signal* node) {
  Signal* probe = NewMessage(0);
  const bool same = probe == node;
  DestroySignal(probe);
  return same;
}

#if defined(HYDRA_ASAN) || defined(HYDRA_TSAN)
constexpr bool kSeesFreed = false;
#else
constexpr bool kSeesFreed = true;
#endif

class InboxPinTest : public InboxTest {
 protected:
  // Lets the owner consume one message, which `seen` points to then.
  Signal* ConsumeSeen() {
    Push(1);
    Signal* seen = inbox_.TakeNew(cursor_);
    EXPECT_TRUE(Inbox::Pin(cursor_, seen));
    return seen;
  }

  // What doesn't move `seen` on mustn't free it.
  void ExpectKept(Signal* pinned) {
    EXPECT_FALSE(IsFreed(pinned));
    EXPECT_EQ(cursor_.seen(), pinned);
    EXPECT_EQ(pinned->type, &kMessageType<int>);  // ASan: it is still there
  }

  void ExpectFreed(Signal* pinned) {
    EXPECT_NE(cursor_.seen(), pinned);
    EXPECT_FALSE(cursor_.pinned());
    if (kSeesFreed) EXPECT_TRUE(IsFreed(pinned));
  }
};

TEST_F(InboxPinTest, OnlyNewOneIsPinnedWhenItIsTaken) {
  EXPECT_EQ(inbox_.OnlyNew(cursor_), nullptr);
  Push(1);
  Signal* only = inbox_.OnlyNew(cursor_);
  ASSERT_NE(only, nullptr);
  EXPECT_TRUE(inbox_.HasNew(cursor_)) << "it has only been looked at";
  Inbox::TakeOnlyNew(cursor_, only);
  EXPECT_FALSE(inbox_.HasNew(cursor_));
  Push(2);
  EXPECT_EQ(inbox_.OnlyNew(cursor_), nullptr) << "whoever goes on must free what is pinned";
  only->type->destroy_value(only);
  EXPECT_EQ(Consume(), Ints({2}));
}

TEST_F(InboxTest, OneOfSeveralIsNotTheOnlyNew) {
  Push(1);
  Push(2);
  EXPECT_EQ(inbox_.OnlyNew(cursor_), nullptr);
  EXPECT_EQ(Consume(), Ints({1, 2}));
}

TEST_F(InboxPinTest, OnlyTheNewestIsPinned) {
  Push(1);
  Push(2);
  Signal* first = inbox_.TakeNew(cursor_);
  Signal* second = first->next;
  EXPECT_FALSE(Inbox::Pin(cursor_, first));
  EXPECT_TRUE(Inbox::Pin(cursor_, second));
  DestroySignal(first);
}

TEST_F(InboxPinTest, IsKeptWhileNothingComes) {
  Signal* pinned = ConsumeSeen();
  EXPECT_EQ(inbox_.TakeNew(cursor_), nullptr);
  ExpectKept(pinned);
}

TEST_F(InboxPinTest, IsKeptWhenSleepFails) {
  Signal* pinned = ConsumeSeen();
  Push(2);
  EXPECT_FALSE(inbox_.Sleep(cursor_));
  ExpectKept(pinned);
  EXPECT_TRUE(cursor_.pinned());
}

TEST_F(InboxPinTest, IsFreedByTheNextTake) {
  Signal* pinned = ConsumeSeen();
  Push(2);
  Signal* fresh = inbox_.TakeNew(cursor_);
  ExpectFreed(pinned);
  Values(fresh);
}

TEST_F(InboxPinTest, IsFreedBySleep) {
  Signal* pinned = ConsumeSeen();
  ASSERT_TRUE(inbox_.Sleep(cursor_));
  ExpectFreed(pinned);
}

TEST_F(InboxPinTest, IsFreedByClose) {
  Signal* pinned = ConsumeSeen();
  EXPECT_EQ(inbox_.Close(cursor_), nullptr);
  ExpectFreed(pinned);
}

TEST_F(InboxPinTest, UnpinnedOneIsTheCallers) {
  Signal* pinned = ConsumeSeen();
  EXPECT_EQ(inbox_.Unpin(cursor_), nullptr);
  EXPECT_FALSE(IsFreed(pinned));
  EXPECT_FALSE(cursor_.pinned());
  EXPECT_EQ(inbox_.Push(pinned), PushResult::kQueued) << "the owner is still awake";
  EXPECT_EQ(inbox_.TakeNew(cursor_), pinned) << "the same node is new again";
  EXPECT_EQ(Values(pinned), Ints({1}));
}

TEST_F(InboxPinTest, UnpinReturnsWhatCameMeanwhile) {
  Signal* pinned = ConsumeSeen();
  Push(2);
  Push(3);
  Signal* fresh = inbox_.Unpin(cursor_);
  EXPECT_FALSE(IsFreed(pinned));
  DestroySignal(pinned);
  EXPECT_EQ(Values(fresh), Ints({2, 3}));
  EXPECT_FALSE(inbox_.HasNew(cursor_));
}

// ---- Many senders, and an owner that is handed from thread to thread.

struct Item {
  int producer;
  int64_t number;
};

// Hands nodes that have just been freed to whoever sends next, so that a node which is reused too
// early is reused at once.
class FreeList {
 public:
  Signal* New(Item item) {
    Signal* node = nullptr;
    {
      MutexLock lock(mutex_);
      if (size_ > 0) node = nodes_[--size_];
    }
    if (node == nullptr) return NewSignal<Item>(&kMessageType<Item>, item);
    static_cast<ValueSignal<Item>*>(node)->value = item;
    return node;
  }

  void Free(Signal* node) {
    {
      MutexLock lock(mutex_);
      if (size_ < nodes_.size()) {
        nodes_[size_++] = node;
        return;
      }
    }
    DestroySignal(node);
  }

  ~FreeList() {
    for (size_t i = 0; i < size_; ++i) DestroySignal(nodes_[i]);
  }

 private:
  Mutex mutex_;
  std::array<Signal*, 3> nodes_ ABSL_GUARDED_BY(mutex_);
  size_t size_ ABSL_GUARDED_BY(mutex_) = 0;
};

// One slot of processes, without the processes: whoever wakes the owner is the owner, until it goes
// to sleep or dies.
class Slot {
 public:
  explicit Slot(int producers) : next_(producers, 0), slot_is_free_(true) {}

  ~Slot() {
    if (slot_is_free_) return;
    ConsumeAll(inbox_.Close(cursor_));
  }

  // Sends until it succeeds; then does the owner's work if it has woken it.
  void Send(Item item, std::minstd_rand& random) {
    Signal* signal = free_list_.New(item);
    for (;;) {
      signal->serial = serial_.load(std::memory_order_acquire);
      switch (inbox_.Push(signal)) {
        case PushResult::kQueued:
          return;
        case PushResult::kWokeOwner:
          return RunOwner(random);
        case PushResult::kClosed:
          break;
      }
      if (slot_is_free_.exchange(false, std::memory_order_acquire)) {
        inbox_.Open(cursor_);
        RunOwner(random);
      } else {
        std::this_thread::yield();
      }
    }
  }

  // How many signals of each producer have come.
  const std::vector<int64_t>& received() const { return next_; }
  int64_t stale() const { return stale_; }
  uint64_t deaths() const { return serial_.load(std::memory_order_acquire) - 1; }
  bool has_failed() const { return failed_; }

 private:
  void RunOwner(std::minstd_rand& random) {
    do {
      // Some of the last turn's are left, perhaps by another thread; some are left over again.
      while (!mailbox_.empty() && random() % 8 != 0) ConsumeOldest(random);
      Admit(inbox_.TakeNew(cursor_));
      if (random() % 64 == 0) return Die();
    } while (!inbox_.Sleep(cursor_));
  }

  void Die() {
    ConsumeAll(inbox_.Close(cursor_));
    serial_.fetch_add(1, std::memory_order_release);
    slot_is_free_.store(true, std::memory_order_release);
  }

  void ConsumeAll(Signal* rest) {
    Admit(rest);
    while (!mailbox_.empty()) {
      free_list_.Free(mailbox_.front());
      mailbox_.pop_front();
    }
  }

  void Admit(Signal* first) {
    for (Signal* signal = first; signal != nullptr; signal = signal->next) {
      const Item& item = static_cast<ValueSignal<Item>*>(signal)->value;
      const uint64_t serial = serial_.load(std::memory_order_relaxed);
      failed_ |= item.number != next_[item.producer]++ || signal->serial > serial;
      if (signal->serial != serial) ++stale_;
      mailbox_.push_back(signal);
    }
  }

  void ConsumeOldest(std::minstd_rand& random) {
    Signal* signal = mailbox_.front();
    mailbox_.pop_front();
    if (Inbox::Pin(cursor_, signal)) {
      if (random() % 2 == 0) return;  // the inbox frees it
      Admit(inbox_.Unpin(cursor_));
    }
    free_list_.Free(signal);
  }

  Inbox inbox_;
  FreeList free_list_;
  std::atomic<uint64_t> serial_{1};

  // The owner's: whatever hands it over must also make all this visible.
  InboxCursor cursor_;
  std::deque<Signal*> mailbox_;
  std::vector<int64_t> next_;
  int64_t stale_ = 0;
  bool failed_ = false;

  // Set by an owner that died; cleared by the one sender that takes the slot again.
  std::atomic<bool> slot_is_free_;
};

// SIG2, SIG6: nothing is lost, nothing comes twice, and each sender's order is kept.
TEST(InboxStressTest, EverySignalArrivesOnceInItsSendersOrder) {
  constexpr int kProducers = 4;
  const int64_t items = Rounds(5'000'000);
  Slot slot(kProducers);
  std::vector<std::thread> producers;
  for (int producer = 0; producer < kProducers; ++producer) {
    producers.emplace_back([&slot, producer, items] {
      std::minstd_rand random(producer + 1);
      for (int64_t i = 0; i < items; ++i) slot.Send({.producer = producer, .number = i}, random);
    });
  }
  for (std::thread& producer : producers) producer.join();
  EXPECT_FALSE(slot.has_failed());
  EXPECT_EQ(slot.received(), std::vector<int64_t>(kProducers, items));
  EXPECT_GT(slot.deaths(), 0);
  RecordProperty("stale", std::to_string(slot.stale()));
}

}  // namespace
}  // namespace hydra::process_internal
