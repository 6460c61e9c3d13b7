#include "hydra/process/monitor.h"

#include <memory>
#include <utility>

#include "hydra/process/dest.h"
#include "hydra/process/internal/relations.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"

namespace hydra {
namespace {

using process_internal::Alias;
using process_internal::MonitorNote;
using process_internal::Worker;

Alias AliasOf(MonitorAlias alias) {
  switch (alias) {
    case MonitorAlias::kNone:
      return Alias::kNone;
    case MonitorAlias::kUntilUnalias:
      return Alias::kUntilUnalias;
    case MonitorAlias::kUntilDemonitor:
      return Alias::kUntilDemonitor;
    case MonitorAlias::kUntilReply:
      return Alias::kUntilReply;
  }
  return Alias::kNone;
}

}  // namespace

Ref Monitor(const Pid& pid, const MonitorOptions& options) {
  std::unique_ptr<MonitorNote> note;
  if (options.tag != 0)
    note = std::make_unique<MonitorNote>(MonitorNote{.name = {}, .tag = options.tag});
  return Worker::CurrentOrDie().Monitor(pid, AliasOf(options.alias), std::move(note));
}

Ref Monitor(const Dest& dest, const MonitorOptions& options) {
  Worker& worker = Worker::CurrentOrDie();
  const Pid pid = worker.scheduler().WhereIs(dest);
  if (dest.name() == nullptr) return Monitor(pid, options);
  return worker.Monitor(
      pid, AliasOf(options.alias),
      std::make_unique<MonitorNote>(MonitorNote{.name = *dest.name(), .tag = options.tag}));
}

bool Demonitor(const Ref& ref, const DemonitorOptions& options) {
  Worker& worker = Worker::CurrentOrDie();
  if (worker.Demonitor(ref)) return true;
  if (options.flush) worker.FlushDown(ref);
  return false;
}

}  // namespace hydra
