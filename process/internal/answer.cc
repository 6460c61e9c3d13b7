#include "hydra/process/internal/answer.h"

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hydra/base/compiler.h"
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

std::string Question::ToString() const { return std::string(what) + " to " + to.ToString(); }

absl::Status TooLate(const Question& question, absl::Duration timeout) {
  return CallFailure(absl::DeadlineExceededError(question.ToString() + ": no answer within " +
                                                 absl::FormatDuration(timeout)));
}

absl::Status NotUnderstood(const Question& question, const absl::Status& why) {
  return CallFailure(absl::DataLossError(
      question.ToString() + ": the answer can't be read: " + std::string(why.message())));
}

absl::Status Refused(const Question& question, const Refusal& refusal) {
  return Refused(question.ToString(), refusal);
}

absl::Status Refused(const std::string& what, const Refusal& refusal) {
  const std::string asked = what + ": ";
  switch (refusal.why) {
    case Refusal::Why::kNoProcess:
      return CallFailure(absl::NotFoundError(asked + "there is no such process"), refusal.reason);
    case Refusal::Why::kEnded:
      return CallFailure(
          absl::UnavailableError(asked + "the process has ended: " + refusal.reason.ToString()),
          refusal.reason);
    case Refusal::Why::kMailboxFull:
      return CallFailure(
          absl::ResourceExhaustedError(asked + "the mailbox of the process is full"));
    case Refusal::Why::kNoConnection:
      return CallFailure(absl::UnavailableError(asked + "the node can't be reached"),
                         refusal.reason);
    case Refusal::Why::kNotUnderstood:
      return CallFailure(absl::UnimplementedError(asked + "nobody there receives such requests"));
    case Refusal::Why::kLocalOnly:
      return CallFailure(absl::InvalidArgumentError(asked + refusal.reason.ToString()));
    case Refusal::Why::kDropped:
      break;
  }
  return CallFailure(absl::UnavailableError(asked + "the request was dropped without an answer"));
}

namespace {

// Sends the signal of a request, and takes it, unless `to` is `not_to`: returns nothing then. Returns
// whom to tell when the answer isn't waited for any more; null if nobody.
std::optional<Remote*> SendAsking(Worker& worker, const Dest& to, Signal* signal,
                                  const Pid& not_to) {
  Scheduler& scheduler = worker.scheduler();
  if (const ProcessName* name = to.name(); name != nullptr && scheduler.IsElsewhere(*name)) {
    scheduler.SendElsewhere(*name, signal);
    return &scheduler.remote();
  }
  const Pid pid = scheduler.WhereIs(to);
  if (pid == not_to && pid) return std::nullopt;
  if (const Ref* alias = to.alias())
    signal = NewSignal<AliasedMessage>(&kAliasedMessage, alias->id(), signal);
  worker.Send(pid, signal);
  return pid && pid.home() != scheduler.home() ? &scheduler.remote() : nullptr;
}

}  // namespace

Remote* SendAsking(const Dest& to, Signal* signal) {
  return *SendAsking(Worker::CurrentOrDie(), to, signal, Pid());
}

// ---- AnswerTarget.

void AnswerTarget::Hold() { holder_ = Worker::CurrentOrDie().HoldRequest(asker_); }

void AnswerTarget::Answer(AnswerSignal* answer) && {
  if (!asker_) return DestroySignal(answer);
  Worker& worker = Worker::CurrentOrDie();
  if (holder_) worker.ReleaseRequest(holder_, asker_);
  const Pid asker = std::exchange(asker_, Ref()).creator();
  worker.Send(asker, answer);
}

void AnswerTarget::AnswerAtEnd(AnswerSignal* answer) && {
  if (!asker_) return DestroySignal(answer);
  const Ref asker = std::exchange(asker_, Ref());
  Worker& worker = Worker::CurrentOrDie();
  if (holder_) worker.ReleaseRequest(holder_, asker);
  worker.SendAtEnd(asker.creator(), answer);
}

void AnswerTarget::Refuse(Scheduler& scheduler, const Refusal& refusal) && {
  if (!asker_) return;
  const Ref asker = std::exchange(asker_, Ref());
  scheduler.Send(asker.creator(), NewAnswerSignal<NoAnswer>(asker.id(), refusal));
}

void AnswerTarget::Drop() noexcept {
  Worker* worker = Worker::Current();
  if (worker == nullptr) return;  // on a foreign thread nobody can be told
  const ExitReason* ending = worker->ending();
  const bool may_end = ending != nullptr || std::uncaught_exceptions() > 0;
  if (may_end && !holder_ && worker->current() != nullptr) Hold();
  const bool own = holder_ && worker->current() != nullptr && holder_ == Self();
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

// NOLINTBEGIN(bugprone-use-after-move): what is moved away first is the base only.
AskingWait::AskingWait(AskingWait&& other) noexcept
    : AnswerWait(std::move(other)),
      self_(other.self_),
      ref_(other.ref_),
      question_(std::move(other.question_)),
      timeout_(other.timeout_),
      signal_(std::exchange(other.signal_, nullptr)) {}
// NOLINTEND(bugprone-use-after-move)

// It hasn't been awaited, or what is asked on another node isn't waited for any more.
void AskingWait::GiveUp() noexcept {
  if (signal_ != nullptr) DestroySignal(signal_);
  if (remote_ != nullptr && found == nullptr) remote_->GiveUp(ref_);
}

bool AskingWait::Begin(PromiseBase& leaf) {
  Worker& worker = Worker::CurrentOrDie();
  return Ask(worker) && worker.BeginAnswerWait(*this, leaf);
}

bool AskingWait::Ask() { return Ask(Worker::CurrentOrDie()); }

HYDRA_ALWAYS_INLINE bool AskingWait::Ask(Worker& worker) {
  deadline = worker.DeadlineAfter(timeout_);
  const Pid* pid = question_.to.pid();
  if (pid != nullptr && pid->home() == worker.home() && *pid != ref_.creator()) [[likely]] {
    worker.Send(*pid, signal_);
  } else {
    const std::optional<Remote*> sent =
        SendAsking(worker, question_.to, signal_, self_ == Self::kNot ? ref_.creator() : Pid());
    if (!sent.has_value()) return false;
    remote_ = *sent;
  }
  signal_ = nullptr;
  request = ref_.id();
  return true;
}

absl::Status AskingWait::Failure() {
  if (found != nullptr) remote_ = nullptr;  // it isn't to be given up
  if (is_answered()) return absl::OkStatus();
  if (request == 0) {
    return CallFailure(
        absl::FailedPreconditionError(question_.ToString() + ": a process can't ask itself"));
  }
  if (found == nullptr) return TooLate(question_, timeout_);
  return Refused(question_, static_cast<const NoAnswer*>(found)->refusal);
}

}  // namespace hydra::process_internal
