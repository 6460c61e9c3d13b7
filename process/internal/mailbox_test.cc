#include "hydra/process/internal/mailbox.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/process/internal/inbox.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/wait.h"

namespace hydra::process_internal {
namespace {

struct Red {
  int number;
};
struct Blue {
  int number;
};

int NumberOf(const Signal* signal) {
  return signal->type == &kMessageType<Red>
             ? static_cast<const ValueSignal<Red>*>(signal)->value.number
             : static_cast<const ValueSignal<Blue>*>(signal)->value.number;
}

template <typename M>
Wait WaitFor() {
  Wait wait;
  wait.type = &kMessageType<M>;
  return wait;
}

class MailboxTest : public testing::Test {
 protected:
  ~MailboxTest() override {
    while (Signal* message = mailbox_.PopOldest()) DestroySignal(message);
  }

  template <typename M>
  void Add(int number) {
    Signal* signal = NewSignal<M>(&kMessageType<M>, number);
    mailbox_.Append(signal);
  }

  // What a new wait like `wait` finds; nothing if it finds nothing.
  std::optional<int> Find(Wait wait) {
    if (mailbox_.Find(wait, cursor_) != Match::kYes) return std::nullopt;
    EXPECT_FALSE(wait.found_is_pinned);
    const int number = NumberOf(wait.found);
    DestroySignal(wait.found);
    return number;
  }

  std::vector<int> Rest() {
    std::vector<int> numbers;
    while (Signal* message = mailbox_.PopOldest()) {
      numbers.push_back(NumberOf(message));
      DestroySignal(message);
    }
    return numbers;
  }

  Mailbox mailbox_;
  InboxCursor cursor_;
};

// RCV1
TEST_F(MailboxTest, FindsTheOldestThatFitsAndLeavesTheRestInOrder) {
  for (int i = 1; i <= 6; ++i) i % 3 == 0 ? Add<Blue>(i) : Add<Red>(i);
  EXPECT_EQ(Find(WaitFor<Blue>()), 3);
  EXPECT_EQ(Find(WaitFor<Red>()), 1) << "each receive starts from the oldest";
  EXPECT_EQ(Find(WaitFor<Blue>()), 6);
  EXPECT_EQ(Find(WaitFor<Blue>()), std::nullopt);
  EXPECT_EQ(Rest(), (std::vector<int>{2, 4, 5}));
}

TEST_F(MailboxTest, WaitForTimeLeavesMessagesFresh) {
  Add<Red>(1);
  EXPECT_EQ(Find(Wait()), std::nullopt);
  EXPECT_TRUE(mailbox_.HasFresh());
}

// RCV5
TEST_F(MailboxTest, ThrowingPredicateLeavesTheMailboxUnchanged) {
  for (int i = 1; i <= 3; ++i) Add<Red>(i);
  Wait wait;
  wait.match = [](Wait&, Signal& message) {
    return NumberOf(&message) == 2 ? Match::kThrew : Match::kNo;
  };
  EXPECT_EQ(mailbox_.Find(wait, cursor_), Match::kThrew);
  EXPECT_EQ(wait.found, nullptr);
  EXPECT_EQ(mailbox_.Find(wait, cursor_), Match::kThrew) << "now that the first is saved, too";
  EXPECT_EQ(Rest(), (std::vector<int>{1, 2, 3}));
}

// RCV5
TEST_F(MailboxTest, PredicateThatThrowsAtASavedMessageEndsTheSearch) {
  for (int i = 1; i <= 3; ++i) Add<Red>(i);
  EXPECT_EQ(Find(WaitFor<Blue>()), std::nullopt);  // saves them
  Wait wait;
  wait.match = [](Wait&, Signal& message) {
    return NumberOf(&message) == 2 ? Match::kThrew : Match::kNo;
  };
  EXPECT_EQ(mailbox_.Find(wait, cursor_), Match::kThrew);
  EXPECT_EQ(wait.found, nullptr);
  EXPECT_EQ(Rest(), (std::vector<int>{1, 2, 3}));
}

// RCV1
TEST_F(MailboxTest, PredicateSeesWhatIsStillThereFromTheOldest) {
  for (int i = 1; i <= 9; ++i) i == 5 ? Add<Blue>(i) : Add<Red>(i);
  Wait wait;
  wait.match = [](Wait&, Signal&) { return Match::kNo; };
  EXPECT_EQ(Find(wait), std::nullopt);  // saves them
  EXPECT_EQ(Find(WaitFor<Blue>()), 5);
  wait.match = [](Wait&, Signal& message) {
    return NumberOf(&message) > 4 ? Match::kYes : Match::kNo;
  };
  EXPECT_EQ(Find(wait), 6);
  EXPECT_EQ(Find(wait), 7) << "over gaps among those that were passed over";
  EXPECT_EQ(Rest(), (std::vector<int>{1, 2, 3, 4, 8, 9}));
}

// A wait that goes on looks at what has arrived, not again at what it has passed over.
TEST_F(MailboxTest, WaitThatHasLookedIsAskedAboutFreshMessagesOnly) {
  Add<Red>(1);
  Wait wait;
  wait.match = [](Wait&, Signal& message) {
    return NumberOf(&message) == 1 ? Match::kNo : Match::kYes;
  };
  EXPECT_EQ(mailbox_.Find(wait, cursor_), Match::kNo);
  EXPECT_TRUE(wait.has_looked);
  EXPECT_FALSE(mailbox_.HasFresh());
  wait.match = [](Wait&, Signal&) { return Match::kYes; };
  EXPECT_EQ(mailbox_.Find(wait, cursor_), Match::kNo);
  Add<Red>(2);
  EXPECT_EQ(mailbox_.Find(wait, cursor_), Match::kYes);
  EXPECT_EQ(NumberOf(wait.found), 2);
  DestroySignal(wait.found);
  EXPECT_EQ(Rest(), (std::vector<int>{1}));
}

TEST_F(MailboxTest, FoundMessageThatTheInboxStillPointsToIsPinned) {
  Inbox inbox;
  inbox.Open(cursor_);
  Signal* first = NewSignal<Red>(&kMessageType<Red>, 1);
  Signal* second = NewSignal<Blue>(&kMessageType<Blue>, 2);
  inbox.Push(first);
  inbox.Push(second);
  ASSERT_EQ(inbox.TakeNew(cursor_), first);
  mailbox_.Append(first);
  mailbox_.Append(second);
  Wait wait = WaitFor<Blue>();
  EXPECT_EQ(mailbox_.Find(wait, cursor_), Match::kYes);
  EXPECT_TRUE(wait.found_is_pinned);
  EXPECT_EQ(Find(WaitFor<Red>()), 1) << "and the older one isn't";
  EXPECT_EQ(inbox.Close(cursor_), nullptr);  // frees the pinned one
}

// Whoever drops the mailbox of a process that died destroys them; a leak otherwise.
TEST(SavedMessagesTest, DestroysWhatIsLeft) {
  const auto token = std::make_shared<int>();
  {
    SavedMessages saved;
    for (uint64_t position = 1; position <= 5; ++position) {
      saved.Append(NewSignal<std::shared_ptr<int>>(&kMessageType<std::shared_ptr<int>>, token),
                   position);
    }
    DestroySignal(saved.PopOldest());
    EXPECT_EQ(saved.size(), 4);
    EXPECT_EQ(token.use_count(), 5);
  }
  EXPECT_EQ(token.use_count(), 1);
}

// RCV6
TEST_F(MailboxTest, MarkHidesWhatWasPassedOverBefore) {
  for (int i = 1; i <= 1000; ++i) Add<Red>(i);
  EXPECT_EQ(Find(WaitFor<Blue>()), std::nullopt);
  Wait wait = WaitFor<Red>();
  wait.mark = mailbox_.Mark();
  EXPECT_EQ(Find(wait), std::nullopt);
  Add<Red>(1001);
  EXPECT_EQ(Find(WaitFor<Blue>()), std::nullopt);
  Add<Red>(1002);
  EXPECT_EQ(Find(wait), 1001);
  EXPECT_EQ(Find(wait), 1002);
  EXPECT_EQ(Find(wait), std::nullopt);
  EXPECT_EQ(Find(WaitFor<Red>()), 1);
}

// Random programs of both colours against a plain vector: order, gaps and their closing, marks.
TEST_F(MailboxTest, AgreesWithAVector) {
  struct Entry {
    bool red;
    int number;
  };
  for (uint32_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::vector<Entry> model;
    // Marks are made when all that is there has been looked at, so that they split the model.
    std::optional<uint64_t> mark;
    size_t mark_at = 0;
    for (int number = 0; number < 1000; ++number) {
      const bool red = random() % 3 != 0;
      switch (random() % 4) {
        case 0:
        case 1:
          red ? Add<Red>(number) : Add<Blue>(number);
          model.push_back({red, number});
          break;
        case 2: {
          Wait wait = red ? WaitFor<Red>() : WaitFor<Blue>();
          const bool marked = mark.has_value() && random() % 2 == 0;
          if (marked) wait.mark = *mark;
          size_t index = marked ? mark_at : 0;
          while (index < model.size() && model[index].red != red) ++index;
          const bool found = index < model.size();
          ASSERT_EQ(Find(wait), found ? std::optional(model[index].number) : std::nullopt);
          if (!found) break;
          model.erase(model.begin() + static_cast<ptrdiff_t>(index));
          if (index < mark_at) --mark_at;
          break;
        }
        case 3:
          if (random() % 8 != 0) break;
          Wait none;
          none.match = [](Wait&, Signal&) { return Match::kNo; };
          ASSERT_EQ(mailbox_.Find(none, cursor_), Match::kNo);
          mark = mailbox_.Mark();
          mark_at = model.size();
          break;
      }
    }
    std::vector<int> rest;
    for (const Entry& entry : model) rest.push_back(entry.number);
    ASSERT_EQ(Rest(), rest);
  }
}

}  // namespace
}  // namespace hydra::process_internal
