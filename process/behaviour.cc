#include "hydra/process/behaviour.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/answer.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/message.h"
#include "hydra/process/self.h"

namespace hydra {

using process_internal::Worker;

Message Incoming::TakeMessage() { return Message::Adopt(process_internal::KeepFound(*this)); }

bool Incoming::RefuseRequest() {
  if (found->type->refuse == nullptr) return false;
  found->type->refuse(Worker::CurrentOrDie().scheduler(), Self(), *found,
                      {.why = process_internal::Refusal::Why::kNotUnderstood, .reason = {}});
  DestroyFound();
  return true;
}

ExitReason CatchExit() {
  Worker& worker = Worker::CurrentOrDie();
  if (std::optional<ExitReason> reason = worker.CatchExit()) return *std::move(reason);
  if (worker.ending() != nullptr) throw;
  return ExitReason::FromCurrentException();
}

absl::Status EndedError(std::string_view what, const ExitReason& reason) {
  return process_internal::Refused(
      std::string(what), {.why = process_internal::Refusal::Why::kEnded, .reason = reason});
}

void EndReported(ExitReason reason) { Worker::CurrentOrDie().EndReported(std::move(reason)); }

Pid Resolve(const Dest& dest) { return Worker::CurrentOrDie().scheduler().WhereIs(dest); }

bool IsEnding() {
  const Worker* worker = Worker::Current();
  return worker == nullptr || worker->current() == nullptr || worker->IsExiting();
}

void SetCallers(std::vector<Pid> callers) { Worker::CurrentOrDie().SetCallers(std::move(callers)); }

void GiveBackMemory() { Worker::CurrentOrDie().GiveBackMemory(); }

}  // namespace hydra
