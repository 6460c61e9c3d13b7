// Monitors: a process asks to be told when another ends, without being affected by it.
//
//   hydra::Ref ref = hydra::Monitor(worker);
//   hydra::Down down = co_await hydra::Receive<hydra::Down>().For(ref);
//   if (!down.reason.IsClean()) ...
//
// A monitor works one way and fires once. A process may monitor another several times: each monitor
// has a ref, and a `Down`, of its own.
#ifndef HYDRA_PROCESS_MONITOR_H_
#define HYDRA_PROCESS_MONITOR_H_

#include <cstdint>

#include "hydra/process/dest.h"
#include "hydra/process/down.h"
#include "hydra/process/pid.h"

namespace hydra {

// What else the ref of a monitor is: see alias.h.
enum class MonitorAlias : uint8_t {
  kNone,
  // An alias until `Unalias`; the monitor's end doesn't matter.
  kUntilUnalias,
  // An alias until the monitor ends, by `Demonitor` or a Down.
  kUntilDemonitor,
  // The same, and the first message that arrives by the alias ends both: no Down follows it.
  kUntilReply,
};

struct MonitorOptions {
  // Comes back in the Down, to tell what the monitor was for.
  int64_t tag = 0;
  MonitorAlias alias = MonitorAlias::kNone;
};

// Monitors a process, by whatever it can be addressed by; of an alias the process that made it. A name or a
// Via is looked up once, now; one that nobody is found by gets `noproc`. To monitor oneself is legal, and
// never fires.
//
// Never fails: if there is no such process the Down says `noproc`; if it is just ending, that or its
// real reason. The Down comes after all messages that the process sent to the caller, and after its
// name was released. Must be called by a process; one that is ending monitors nothing.
Ref Monitor(const Pid& pid, const MonitorOptions& options = {});
Ref Monitor(const Dest& dest, const MonitorOptions& options = {});

struct DemonitorOptions {
  // Also removes the Down from the mailbox, if it has come.
  bool flush = true;
};

// Ends the monitor `ref`: no Down arrives for it any more. Returns whether it was active: if not, its
// Down has come before, or `ref` is no monitor of the calling process; one of oneself never is active.
// Must be called by a process.
//
// Cost: as for a send; if the Down has come, that of a selective receive from the ref's mark on.
bool Demonitor(const Ref& ref, const DemonitorOptions& options = {});

}  // namespace hydra

#endif  // HYDRA_PROCESS_MONITOR_H_
