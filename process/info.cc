#include "hydra/process/info.h"

#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "hydra/process/internal/answer.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"
#include "hydra/process/process_info.h"

namespace hydra {
namespace process_internal {

IsAliveWait::IsAliveWait(const Pid& pid)
    : AskingWait("IsAlive", pid, absl::InfiniteDuration(), Self::kMayBeAsked) {
  SetSignal(NewSignal<Query>(&kQuery, ref(), Query::What::kIsAlive));
}

InfoWait::InfoWait(const Pid& pid)
    : AskingWait("Info", pid, absl::InfiniteDuration(), Self::kMayBeAsked) {
  SetSignal(NewSignal<Query>(&kQuery, ref(), Query::What::kInfo));
}

std::optional<ProcessInfo> InfoWait::await_resume() {
  const Finish finish(*this);
  if (!is_answered() || !Decode<ProcessInfo>(question()).ok()) return std::nullopt;
  return TakeAnswer<ProcessInfo>();
}

}  // namespace process_internal

std::vector<Pid> Processes() {
  return process_internal::Worker::CurrentOrDie().scheduler().Processes();
}

}  // namespace hydra
