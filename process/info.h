// Info and IsAlive: questions about a process, which it answers itself, whatever it is doing.
//
//   bool alive = co_await hydra::IsAlive(worker);
//   std::optional<hydra::ProcessInfo> info = co_await hydra::Info(worker);
//   if (info.has_value() && info->message_queue_length > 1000) ...
//
// They are signals like messages, and keep their order: what the caller has sent to the process before
// has arrived when it answers. After Exit(worker, ExitReason::Kill()) it isn't alive any more. A process
// that is ending answers when it has ended.
//
// The answer takes until the process suspends next, so one that computes for seconds answers after
// that.
#ifndef HYDRA_PROCESS_INFO_H_
#define HYDRA_PROCESS_INFO_H_

#include <optional>
#include <vector>

#include "hydra/process/internal/answer.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/pid.h"
#include "hydra/process/process_info.h"

namespace hydra {
namespace process_internal {

class [[nodiscard("a question is asked when it is awaited")]] IsAliveWait : public AskingWait {
 public:
  explicit IsAliveWait(const Pid& pid);
  bool await_resume() {
    const Finish finish(*this);
    return is_answered();
  }
};

class [[nodiscard("a question is asked when it is awaited")]] InfoWait : public AskingWait {
 public:
  explicit InfoWait(const Pid& pid);
  std::optional<ProcessInfo> await_resume();
};

}  // namespace process_internal

// Whether there is a process `pid`. Must be awaited by a process.
inline auto IsAlive(Pid pid) { return process_internal::IsAliveWait(pid); }

// What there is to know about `pid`; nothing if there is no such process. Must be awaited by a process.
// Cost: proportional to its links, monitors and unread messages.
inline auto Info(Pid pid) { return process_internal::InfoWait(pid); }

// All processes of this runtime, those that are just ending among them. A moment's truth. Must be called
// in a runtime. Cost: a look at each slot that has ever been in use.
std::vector<Pid> Processes();

}  // namespace hydra

#endif  // HYDRA_PROCESS_INFO_H_
