// Runtime: what processes live in.
//
//   hydra::Runtime runtime;                     // a scheduler for each core
//   hydra::ExitReason reason = runtime.Run(Main, argc);
//
// An object, not a global: several may live in one OS process, and pids of one mean nothing in
// another. Inside a process the runtime is implicit; the members here are for foreign threads, such
// as main's. What has no member is done by a process: runtime.Run([pid]() -> Async<> { ... }).
#ifndef HYDRA_PROCESS_RUNTIME_H_
#define HYDRA_PROCESS_RUNTIME_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/process/async.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"
#include "hydra/process/process_info.h"
#include "hydra/process/request.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/transport.h"

namespace hydra {

namespace process_internal {
class Scheduler;
}  // namespace process_internal

struct RuntimeOptions {
  // Threads that run processes; 0 stands for one for each core.
  int schedulers = 0;
  // Processes that may exist at a time, rounded up to a multiple of 1,024; each scheduler may keep
  // up to 128 free places to itself. Costs address space only, 128 bytes each.
  uint32_t max_processes = uint32_t{1} << 26;
  // Threads that the functions of RunBlocking may have at a time. They are started when they are needed.
  int max_blocking_threads = 64;
};

// Thread safety: any thread. Must outlive every call.
class Runtime {
 public:
  explicit Runtime(RuntimeOptions options = {});
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Asks the functions of RunBlocking that run to stop, and waits until they have returned. Then ends
  // every process with the reason `killed`: all their frames and messages are destroyed, on the calling
  // thread. Waits for the turns that are being run. A function that never returns, and a process that
  // never suspends, are waited for without end. Not to be called by a process.
  virtual ~Runtime();

  // That of the calling process. Must be called by a process.
  static Runtime& Current();

  // As the free function of that name.
  template <typename F, typename... Args>
  Pid Spawn(F&& body, Args&&... args) {
    return SpawnEntry(
        process_internal::MakeEntry(std::forward<F>(body), std::forward<Args>(args)...));
  }

  // As the free function of that name. Messages from one foreign thread to one process arrive in
  // order.
  template <typename M>
  bool Send(const Dest& to, M&& message) {
    return SendSignal(to, process_internal::NewMessage(std::forward<M>(message)));
  }

  // As the free function of that name, but blocks the calling thread until the answer comes, at most
  // for `timeout`. Not to be called by a process.
  template <typename M>
  RequestResult<M> Request(const Dest& to, M message, absl::Duration timeout = kRequestTimeout) {
    std::optional<RequestResult<M>> result;
    Run([&]() -> Async<> {
      result = co_await hydra::Request(to, std::move(message)).Within(timeout);
    });
    if (result.has_value()) return *std::move(result);
    return absl::ResourceExhaustedError("no process could be spawned to ask");
  }

  // As the free functions of those names: see name.h.
  absl::Status Register(const Pid& pid, std::string_view name);
  absl::Status Unregister(std::string_view name);
  Pid WhereIs(std::string_view name) const;
  std::vector<std::string> RegisteredNames() const;

  // Makes this runtime the node `self`, which reaches others by `transport`. At most once, before pids of
  // it are sent anywhere. See transport.h.
  Port Join(NodeId self, std::shared_ptr<Transport> transport);

  // Spawns a process and blocks the calling thread until it has ended. Returns why it ended; `noproc`
  // if nothing could be spawned. Not to be called by a process.
  template <typename F, typename... Args>
  ExitReason Run(F&& body, Args&&... args) {
    return RunEntry(
        process_internal::MakeEntry(std::forward<F>(body), std::forward<Args>(args)...));
  }

  // Whether `pid` is of this runtime and its process hasn't ended. A moment's truth.
  bool IsAlive(Pid pid) const;

  // As the free functions of those names: see info.h. `Info` blocks the calling thread until the process
  // answers, and isn't to be called by a process.
  std::vector<Pid> Processes() const;
  std::optional<ProcessInfo> Info(Pid pid);

  // How many processes there are. A moment's truth; exact while nothing is spawned and nothing
  // ends.
  size_t process_count() const;

  // See the free function of that name.
  absl::Time Now() const;

 protected:
  explicit Runtime(std::unique_ptr<process_internal::Scheduler> scheduler);

  process_internal::Scheduler& scheduler() { return *scheduler_; }

 private:
  Pid SpawnEntry(process_internal::Entry* entry);
  virtual ExitReason RunEntry(process_internal::Entry* entry);
  bool SendSignal(const Dest& to, process_internal::Signal* signal);

  const std::unique_ptr<process_internal::Scheduler> scheduler_;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_RUNTIME_H_
