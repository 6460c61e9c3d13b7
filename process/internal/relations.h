// What binds a process to others. Allocated when there is first something to hold: most processes
// have none of it.
#ifndef HYDRA_PROCESS_INTERNAL_RELATIONS_H_
#define HYDRA_PROCESS_INTERNAL_RELATIONS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/block_pool.h"
#include "hydra/process/internal/links.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/small_map.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

// How an alias ends; kNone is none. The same names as in alias.h and monitor.h.
enum class Alias : uint8_t { kNone, kUntilUnalias, kOneMessage, kUntilDemonitor, kUntilReply };

// What the Down of a monitor repeats.
struct MonitorNote {
  std::optional<ProcessName> name;  // if a name was monitored
  int64_t tag = 0;
};

// What a ref of the process stands for: a monitor, an alias, or both; or a request.
struct OwnRef {
  // Whether it is an alias that ends when its monitor does.
  bool EndsWithMonitor() const {
    return alias == Alias::kUntilDemonitor || alias == Alias::kUntilReply;
  }

  bool IsOfName() const { return note != nullptr && note->name.has_value(); }

  bool is_monitor = false;
  bool is_request = false;  // whose answer becomes a message: pending_request.h
  Alias alias = Alias::kNone;
  Pid monitored = Pid();  // none where a name that nobody had was monitored
  std::unique_ptr<MonitorNote> note = nullptr;
};

// What somebody's ref asks of the process.
enum class Observes : uint8_t {
  kEnd,     // to be told of its end: a monitor
  kAnswer,  // the answer to a request that the process holds
};

// Pids, the nearest first; shared by all processes that one has spawned.
using Lineage = std::shared_ptr<const std::vector<Pid>>;

// What few processes have of it.
struct RareRelations : Pooled {
  std::string label;
  Lineage callers;             // on whose behalf it works; null if on nobody's
  Lineage descent;             // the ancestors of what it spawns, once it has
  std::vector<Pid> held_by;    // whose mailboxes were full when it sent to them: limited_inbox.h
  bool crosses_nodes = false;  // it has had a link or a monitor with another node's process
  std::vector<std::pair<Pid, Signal*>> last_signals;  // sent when it has ended
  ExitReason exit_reason;  // once it has: for requests that it didn't read
};

// The process's holder's.
struct Relations {
  // Made with the first call.
  RareRelations& MakeRare() {
    if (rare == nullptr) rare = std::make_unique<RareRelations>();
    return *rare;
  }

  void GiveBackMemory() {
    links.GiveBackMemory();
    refs.GiveBackMemory();
    observers.GiveBackMemory();
  }

  Links links;
  SmallMap<uint64_t, OwnRef> refs;    // by their ids
  SmallMap<Ref, Observes> observers;  // those who are told when the process ends
  Lineage ancestors;  // who spawned it, who spawned that one ...; null if that isn't known
  std::unique_ptr<RareRelations> rare;
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_RELATIONS_H_
