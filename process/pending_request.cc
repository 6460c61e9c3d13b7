#include "hydra/process/pending_request.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/process/internal/answer.h"
#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/remote.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

Pending::Pending(Question question, const Ref& ref, Signal* signal)
    : Pending(std::move(question), ref) {
  remote_ = SendAsking(question_.to, signal);
}

Pending::Pending(Question question, const Ref& ref) : question_(std::move(question)), ref_(ref) {
  Worker::CurrentOrDie().ExpectAnswer(ref);
}

Pending::Pending(Pending&& other) noexcept
    : question_(std::move(other.question_)),
      ref_(std::exchange(other.ref_, Ref())),
      remote_(other.remote_) {}

Pending& Pending::operator=(Pending&& other) noexcept {
  Pending taken(std::move(other));
  std::swap(question_, taken.question_);
  std::swap(ref_, taken.ref_);
  std::swap(remote_, taken.remote_);
  return *this;
}

bool Pending::IsAnsweredBy(const Signal& message) const {
  const bool is_answer = message.type->kept_as == message.type;
  return is_answer && static_cast<const AnswerSignal&>(message).request == ref_.id() && ref_;
}

void Pending::Abandon() noexcept {
  if (!ref_) return;
  Worker* worker = Worker::Current();
  // Where the process ends its records end with it.
  if (worker != nullptr && worker->current() != nullptr && !worker->IsExiting()) {
    if (!worker->ForgetAnswer(ref_)) worker->FlushAnswer(ref_);
    if (remote_ != nullptr) remote_->GiveUp(ref_);
  }
  ref_ = Ref();
}

PendingWait::PendingWait(Pending* pending, size_t count, absl::Duration timeout)
    : pending_(pending), count_(count) {
  if (count > 0) mark = MarkOf(pending[0].ref());
  for (size_t i = 1; i < count; ++i) mark = std::min(mark, MarkOf(pending[i].ref()));
  deadline = DeadlineAfter(timeout);
  match = &Matches;
}

void PendingWait::Adopt(Signal* answer) {
  found = answer;
  answered_ = pending_;
}

Match PendingWait::Matches(Wait& wait, Signal& message) {
  auto& self = static_cast<PendingWait&>(wait);
  if (message.type->kept_as != message.type) return Match::kNo;
  for (size_t i = 0; i < self.count_; ++i) {
    if (!self.pending_[i].IsAnsweredBy(message)) continue;
    self.answered_ = &self.pending_[i];
    return Match::kYes;
  }
  return Match::kNo;
}

const SignalType* PendingWait::TypeOfAnswer(const Signal& kept, const SignalType* of_value) {
  if (kept.type == &kKeptAnswerType<NoAnswer>) return &kAnswerType<NoAnswer>;
  if (kept.type == &kKeptAnswerType<EncodedAnswer>) return &kAnswerType<EncodedAnswer>;
  return of_value;
}

absl::Status PendingWait::NothingPending() {
  return absl::FailedPreconditionError("no answer is to come: it has been taken, or given up");
}

}  // namespace hydra::process_internal
