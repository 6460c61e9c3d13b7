#include "hydra/process/internal/mailbox.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/wait.h"

namespace hydra::process_internal {

Match TakeAnything(Wait&, Signal&) { return Match::kYes; }

SavedMessages::~SavedMessages() {
  while (Signal* message = PopOldest()) DestroySignal(message);
}

void SavedMessages::Append(Signal* message, uint64_t position) {
  types_.push_back(message->type);
  entries_.push_back({.message = message, .position = position});
}

Match SavedMessages::Find(Wait& wait) {
  size_t index = FirstBehind(wait.mark);
  if (wait.match == nullptr) {
    if (wait.type == nullptr) return Match::kNo;
    index = std::find(types_.begin() + index, types_.end(), wait.type) - types_.begin();
    if (index == types_.size()) return Match::kNo;
    wait.found = Remove(index);
    return Match::kYes;
  }
  for (; index < types_.size(); ++index) {
    if (types_[index] == nullptr) continue;
    const Match match = wait.match(wait, *entries_[index].message);
    if (match == Match::kYes) wait.found = Remove(index);
    if (match != Match::kNo) return match;
  }
  return Match::kNo;
}

Signal* SavedMessages::PopOldest() {
  if (size() == 0) return nullptr;
  return Remove(std::find_if(types_.begin() + first_, types_.end(),
                             [](auto* type) { return type != nullptr; }) -
                types_.begin());
}

Signal* SavedMessages::TakeOldestWith(uint64_t bits) {
  for (size_t index = first_; index < types_.size(); ++index) {
    if (types_[index] != nullptr && (entries_[index].message->serial & bits) != 0)
      return Remove(index);
  }
  return nullptr;
}

// Searches from the newest message backwards in growing steps: what a mark is made for has arrived
// lately.
size_t SavedMessages::FirstBehind(uint64_t mark) const {
  if (mark == 0) return first_;
  size_t end = entries_.size();
  size_t begin = end;
  for (size_t step = 1; begin > first_; step *= 2) {
    begin -= std::min(step, begin - first_);
    if (entries_[begin].position <= mark) break;
    end = begin;
  }
  const auto behind = [](uint64_t m, const Entry& entry) { return m < entry.position; };
  return std::upper_bound(entries_.begin() + begin, entries_.begin() + end, mark, behind) -
         entries_.begin();
}

Signal* SavedMessages::Remove(size_t index) {
  Signal* message = entries_[index].message;
  types_[index] = nullptr;
  ++gaps_;
  while (first_ < types_.size() && types_[first_] == nullptr) {
    ++first_;
    --gaps_;
  }
  // Each clean-up moves as many entries as it drops at most, so it costs each removal O(1).
  if (first_ + gaps_ > types_.size() / 2) {
    size_t kept = 0;
    for (size_t i = first_; i < types_.size(); ++i) {
      if (types_[i] == nullptr) continue;
      types_[kept] = types_[i];
      entries_[kept++] = entries_[i];
    }
    types_.resize(kept);
    entries_.resize(kept);
    first_ = 0;
    gaps_ = 0;
  }
  return message;
}

size_t Mailbox::size() const {
  size_t count = saved_ == nullptr ? 0 : saved_->size();
  for (const Signal* message = fresh_; message != nullptr; message = message->next) ++count;
  return count;
}

Signal* Mailbox::PopOldest() {
  if (saved_ != nullptr) {
    if (Signal* message = saved_->PopOldest()) return message;
  }
  if (fresh_ == nullptr) return nullptr;
  Signal* message = fresh_;
  fresh_ = message->next;
  return message;
}

Signal* Mailbox::TakeOldestWith(uint64_t bits) {
  if (saved_ != nullptr) {
    if (Signal* message = saved_->TakeOldestWith(bits)) return message;
  }
  Signal* before = nullptr;
  for (Signal* message = fresh_; message != nullptr; before = message, message = message->next) {
    if ((message->serial & bits) == 0) continue;
    (before == nullptr ? fresh_ : before->next) = message->next;
    if (message == last_fresh_) last_fresh_ = before;
    return message;
  }
  return nullptr;
}

void Mailbox::Save(Signal* message) {
  if (saved_ == nullptr) saved_ = std::make_unique<SavedMessages>();
  saved_->Append(message, ++clock_);
}

}  // namespace hydra::process_internal
