#include "hydra/process/internal/answer.h"

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/remote.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"

namespace hydra::process_internal {
namespace {

// Marks `status` as a failure of the request itself, with the reason if somebody's end is why.
absl::Status CallFailure(absl::Status status, const std::optional<ExitReason>& reason = {}) {
  const std::string encoded = reason.has_value() ? reason->Encode() : "";
  status.SetPayload(kCallFailure, absl::Cord(absl::string_view(encoded)));
  return status;
}

}  // namespace

absl::Status NotUnderstood(const absl::Status& why) {
  return CallFailure(
      absl::DataLossError("the answer can't be read: " + std::string(why.message())));
}

// ---- AnswerTarget.

void AnswerTarget::Hold() { holder_ = Worker::CurrentOrDie().HoldRequest(asker_); }

void AnswerTarget::Answer(AnswerSignal* answer) && {
  if (!asker_) return DestroySignal(answer);
  const Ref asker = std::exchange(asker_, Ref());
  Worker& worker = Worker::CurrentOrDie();
  if (holder_) worker.ReleaseRequest(holder_, asker);
  worker.Send(asker.creator(), answer);
}

void AnswerTarget::Refuse(Scheduler& scheduler, const Refusal& refusal) && {
  if (!asker_) return;
  const Ref asker = std::exchange(asker_, Ref());
  scheduler.Send(asker.creator(), NewAnswerSignal<NoAnswer>(asker.id(), refusal));
}

void AnswerTarget::Drop() noexcept {
  Worker* worker = Worker::Current();
  if (worker == nullptr) return;  // on a foreign thread nobody can be told
  const bool own = holder_ && worker->current() != nullptr && holder_ == Self();
  const ExitReason* ending = worker->ending();
  // Who ends with a request that it holds tells so when it has ended.
  if (ending != nullptr && own) return;
  if (ending != nullptr)
    return std::move(*this).Refuse(worker->scheduler(), {Refusal::Why::kEnded, *ending});
  // An exception may be about to end it, too: if not, it comes to this signal.
  if (own && std::uncaught_exceptions() > 0)
    return worker->Send(holder_, NewSignal<DroppedSignal>(&kDropped, asker_));
  std::move(*this).Answer(NewAnswerSignal<NoAnswer>(asker_.id(), Refusal{Refusal::Why::kDropped}));
}

// ---- AnswerWait, AskingWait.

AskingWait::AskingWait(const Dest& to, absl::Duration timeout, Self self)
    : self_(self), ref_(MakeRef()), to_(to), timeout_(timeout) {}

// NOLINTBEGIN(bugprone-use-after-move): what is moved away first is the base only.
AskingWait::AskingWait(AskingWait&& other) noexcept
    : AnswerWait(std::move(other)),
      self_(other.self_),
      ref_(other.ref_),
      to_(std::move(other.to_)),
      timeout_(other.timeout_),
      signal_(std::exchange(other.signal_, nullptr)) {}
// NOLINTEND(bugprone-use-after-move)

AskingWait::~AskingWait() {
  if (signal_ != nullptr) DestroySignal(signal_);
  if (remote_ != nullptr && found == nullptr) remote_->GiveUp(to_, ref_);
}

bool AskingWait::Ask() {
  Worker& worker = Worker::CurrentOrDie();
  const Ref* alias = to_.alias();
  Pid to;
  if (to_.pid() != nullptr) to = *to_.pid();
  if (alias != nullptr) to = alias->creator();
  if (to_.name() != nullptr) to = worker.scheduler().WhereIs(*to_.name());
  if (worker.scheduler().IsElsewhere(to_)) remote_ = &worker.scheduler().remote();
  if (self_ == Self::kNot && to == ref_.creator()) return false;
  request = ref_.id();
  deadline = worker.scheduler().clock().TickAfter(timeout_);
  Signal* signal = std::exchange(signal_, nullptr);
  if (alias != nullptr) signal = NewSignal<AliasedMessage>(&kAliasedMessage, alias->id(), signal);
  if (to_.name() != nullptr && worker.scheduler().IsElsewhere(to_)) {
    worker.scheduler().SendElsewhere(to_, signal);
  } else {
    worker.Send(to, signal);
  }
  return true;
}

absl::Status AskingWait::Failure() const {
  if (is_answered()) return absl::OkStatus();
  if (request == 0) return CallFailure(absl::FailedPreconditionError("a process can't ask itself"));
  if (found == nullptr)
    return CallFailure(
        absl::DeadlineExceededError("no answer within " + absl::FormatDuration(timeout_)));
  const Refusal& refusal = static_cast<const NoAnswer*>(found)->refusal;
  switch (refusal.why) {
    case Refusal::Why::kNoProcess:
      return CallFailure(absl::NotFoundError("there is no such process"), refusal.reason);
    case Refusal::Why::kEnded:
      return CallFailure(absl::UnavailableError("the process that was asked has ended: " +
                                                refusal.reason.ToString()),
                         refusal.reason);
    case Refusal::Why::kMailboxFull:
      return CallFailure(
          absl::ResourceExhaustedError("the mailbox of the process that was asked is full"));
    case Refusal::Why::kNoConnection:
      return CallFailure(absl::UnavailableError("the node of the process can't be reached"),
                         refusal.reason);
    case Refusal::Why::kNotUnderstood:
      return CallFailure(absl::UnimplementedError("nobody on that node receives such requests"));
    case Refusal::Why::kLocalOnly:
      return CallFailure(absl::InvalidArgumentError(refusal.reason.ToString()));
    case Refusal::Why::kDropped:
      break;
  }
  return CallFailure(absl::UnavailableError("the request was dropped without an answer"));
}

}  // namespace hydra::process_internal
