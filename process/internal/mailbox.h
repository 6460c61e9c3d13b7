// The mailbox: the messages that a process has drained from its inbox and not yet received, in
// order of arrival.
//
// Two parts. `fresh` messages, linked through their nodes, have not been looked at by any receive.
// `saved` ones were looked at and passed over; their types lie in one array, so that the next
// selective receive compares types without touching a node. Most processes never save a message,
// and have no such array.
#ifndef HYDRA_PROCESS_INTERNAL_MAILBOX_H_
#define HYDRA_PROCESS_INTERNAL_MAILBOX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "hydra/base/compiler.h"
#include "hydra/process/internal/inbox.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/wait.h"

namespace hydra::process_internal {

// The messages that receives have passed over. Positions grow from the oldest to the newest
// message.
class SavedMessages {
 public:
  SavedMessages() = default;
  SavedMessages(const SavedMessages&) = delete;
  SavedMessages& operator=(const SavedMessages&) = delete;
  ~SavedMessages();

  size_t size() const { return types_.size() - first_ - gaps_; }

  void Append(Signal* message, uint64_t position);

  // Ends `wait` with the oldest message behind `wait.mark` that it accepts, which leaves the
  // mailbox. Returns kNo when there is none.
  Match Find(Wait& wait);

  // Removes and returns the oldest message; null when there is none.
  Signal* PopOldest();

  // The same for the oldest with one of these bits in its serial.
  Signal* TakeOldestWith(uint64_t bits);

 private:
  struct Entry {
    Signal* message;
    uint64_t position;
  };

  size_t FirstBehind(uint64_t mark) const;
  Signal* Remove(size_t index);

  // Parallel arrays, from `first_` on; a null type is a gap.
  std::vector<const SignalType*> types_;
  std::vector<Entry> entries_;
  size_t first_ = 0;
  size_t gaps_ = 0;  // gaps behind first_
};

class Mailbox {
 public:
  // Adds a drained message.
  void Append(Signal* message) {
    message->next = nullptr;
    if (fresh_ == nullptr) {
      fresh_ = message;
    } else {
      last_fresh_->next = message;
    }
    last_fresh_ = message;
  }

  // Whether there are messages that no receive has looked at.
  bool HasFresh() const { return fresh_ != nullptr; }

  // Whether there is certainly none, seen at a glance.
  bool HasNone() const { return fresh_ == nullptr && saved_ == nullptr; }

  // The number of messages. Cost: a step for each that no receive has looked at.
  size_t size() const;

  // Looks for a message that ends `wait` among those that haven't been looked at for it.
  HYDRA_ALWAYS_INLINE Match Find(Wait& wait, InboxCursor& cursor) {
    if (!wait.TakesMessages()) return Match::kNo;
    if (!std::exchange(wait.has_looked, true) && saved_ != nullptr) {
      const Match match = saved_->Find(wait);
      if (match != Match::kNo) return TakeFrom(wait, cursor, match);
    }
    while (fresh_ != nullptr) {
      Signal* message = fresh_;
      const Match match = wait.Accepts(*message);
      if (match == Match::kThrew) return match;
      fresh_ = message->next;
      if (match == Match::kYes) {
        wait.found = message;
        return TakeFrom(wait, cursor, match);
      }
      Save(message);
    }
    return Match::kNo;
  }

  // Removes and returns the oldest message; null when there is none.
  Signal* PopOldest();

  // The same for the oldest with one of these bits in its serial. Cost: a step for each that is older.
  Signal* TakeOldestWith(uint64_t bits);

  // Frees what the mailbox needs beyond itself. It must be empty.
  void Reset() {
    saved_.reset();
    clock_ = 0;
  }

  // Frees what an empty mailbox can do without for now.
  void GiveBackMemory() {
    if (saved_ != nullptr && saved_->size() == 0) saved_.reset();
  }

  // A number that is larger than the position of every message saved so far, and smaller than that
  // of every later one.
  uint64_t Mark() { return ++clock_; }

 private:
  static Match TakeFrom(Wait& wait, InboxCursor& cursor, Match match) {
    if (wait.found != nullptr) wait.found_is_pinned = Inbox::Pin(cursor, wait.found);
    return match;
  }

  void Save(Signal* message);

  Signal* fresh_ = nullptr;
  Signal* last_fresh_ = nullptr;  // meaningless while fresh_ is null
  std::unique_ptr<SavedMessages> saved_;
  uint64_t clock_ = 0;  // counts marks and saved messages
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_MAILBOX_H_
