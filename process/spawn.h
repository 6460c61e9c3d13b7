// Spawn: starts a process.
//
//   hydra::Async<> Worker(Config config, hydra::Pid owner);
//
//   hydra::Pid worker = hydra::Spawn(Worker, config, hydra::Self());
//   hydra::Pid other = hydra::Spawn([job]() -> hydra::Async<> { co_await job.Run(); });
//
// The callable, with its captures, and the arguments are moved into the new process, which keeps
// what its body refers to: captures are safe there. Parameters are values; a reference would
// dangle, and doesn't compile.
#ifndef HYDRA_PROCESS_SPAWN_H_
#define HYDRA_PROCESS_SPAWN_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "hydra/process/async.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/overflow.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"

namespace hydra {

// Starts a process that runs `body(args...)`, which must return `Async<>`, and returns its pid.
//
// The process can be sent to at once; its body begins on its own first turn, after Spawn has
// returned. It ends when the body returns (`normal`), by an exception that leaves the body
// (`error`), or by an exit signal. If every process slot of the runtime is in use, or the calling
// process is exiting already, nothing is spawned, and the pid names nobody.
// Thread safety: as for `Send`; foreign threads have `Runtime::Spawn`.
template <typename F, typename... Args>
Pid Spawn(F&& body, Args&&... args) {
  return process_internal::SpawnEntry(
      process_internal::MakeEntry(std::forward<F>(body), std::forward<Args>(args)...));
}

// The same, and links the new process to the caller, before it can run: neither can end without the
// other hearing of it. If nothing could be spawned the caller gets an exit signal `noproc`. Must be
// called by a process.
template <typename F, typename... Args>
Pid SpawnLink(F&& body, Args&&... args) {
  return process_internal::SpawnRelatedEntry(
      process_internal::MakeEntry(std::forward<F>(body), std::forward<Args>(args)...),
      {.link = true});
}

struct MonitoredProcess {
  Pid pid;
  Ref ref;  // of the monitor
};

// The same with a monitor: the caller gets a `Down` for the ref in any case.
template <typename F, typename... Args>
MonitoredProcess SpawnMonitor(F&& body, Args&&... args) {
  MonitoredProcess process;
  process.pid = process_internal::SpawnRelatedEntry(
      process_internal::MakeEntry(std::forward<F>(body), std::forward<Args>(args)...),
      {.monitor = &process.ref});
  return process;
}

struct SpawnOptions {
  // The process has this name before its body begins. See name.h.
  std::string name = {};
  // Links it to the caller, like SpawnLink.
  bool link = false;
  // If given: the caller monitors it, and this is set to the monitor's ref, like SpawnMonitor's.
  Ref* monitor = nullptr;
  // What it is there for, for people: see SetLabel.
  std::string label = {};
  Priority priority = Priority::kNormal;
  // It works on behalf of the caller: see Callers.
  bool for_caller = false;
  // So many messages may wait for it at most, and what happens then: see overflow.h. 0 is no limit.
  // Cost: a send to it takes a lock.
  size_t mailbox_limit = 0;
  Overflow on_overflow = Overflow::kDropNewest;
};

namespace process_internal {

inline Spawning SpawningOf(const SpawnOptions& options) {
  return {.priority = options.priority,
          .link = options.link,
          .monitor = options.monitor,
          .name = options.name,
          .label = options.label,
          .for_caller = options.for_caller,
          .mailbox_limit = {options.mailbox_limit, options.on_overflow}};
}

}  // namespace process_internal

// The same with options. Where it fails nothing is spawned, nothing is linked, and no exit signal or
// Down follows:
//   kAlreadyExists       the name is taken; `NameHolder(status)` is the process that has it
//   kResourceExhausted   every process slot of the runtime is in use
//   kFailedPrecondition  the caller is ending, or the runtime
// With `link`, `monitor` or `for_caller` it must be called by a process.
template <typename F, typename... Args>
absl::StatusOr<Pid> SpawnWith(const SpawnOptions& options, F&& body, Args&&... args) {
  return process_internal::SpawnEntryWith(
      process_internal::MakeEntry(std::forward<F>(body), std::forward<Args>(args)...),
      process_internal::SpawningOf(options));
}

}  // namespace hydra

#endif  // HYDRA_PROCESS_SPAWN_H_
