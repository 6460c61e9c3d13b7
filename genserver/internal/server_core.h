// What a server does that doesn't depend on its class: how it waits, how it ends, what is said of it, and
// how it serves Sys.
#ifndef HYDRA_GENSERVER_INTERNAL_SERVER_CORE_H_
#define HYDRA_GENSERVER_INTERNAL_SERVER_CORE_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/genserver/internal/debug.h"
#include "hydra/genserver/internal/sys_request.h"
#include "hydra/genserver/next.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/message.h"
#include "hydra/process/pid.h"
#include "hydra/process/request.h"
#include "hydra/process/via.h"

namespace hydra::genserver_internal {

// What Init has said.
struct StartOutcome {
  bool has_started() const { return !ignored && status.ok(); }

  bool ignored = false;
  absl::Status status;
};

// The request that a server is spawned with. It is answered when Init has returned; if that hasn't started
// the server, when that has ended.
struct StartServerRequest {
  using Reply = StartOutcome;
};

// What a server is told by its starter.
struct StartContext {
  Pid parent;  // whom it is linked to; nobody if it was started without a link
  absl::Duration hibernate_after = absl::InfiniteDuration();
};

class ServerCore : public Pooled {
 public:
  ServerCore(ReplyTo<StartServerRequest> started, const StartContext& context,
             std::string_view class_name)
      : unanswered_(std::move(started.target())), context_(context), class_name_(class_name) {}
  ServerCore(const ServerCore&) = delete;
  ServerCore& operator=(const ServerCore&) = delete;

  // Sees to it that `via` stands for the server. Returns whether it does; if not, the start fails, and the
  // server stops.
  bool Enter(const Via& via);

  // Settles what comes after Init. Returns whether the server has started.
  bool Begin(InitResult result);

  // Tells the starter that the server has started.
  void Started();

  // Called in a catch block: the constructor or Init has thrown.
  void InitFailed() { Stop(CatchExit()); }

  bool is_running() const { return !stop_reason_.has_value(); }
  bool is_suspended() const { return suspended_; }
  const ExitReason& stop_reason() const { return *stop_reason_; }

  // Says what comes after the callback that has returned.
  void SetNext(Next next) {
    if (next.kind() == Next::Kind::kStop) [[unlikely]]
      Stop(next.reason());
    next_ = std::move(next);
  }
  void Stop(ExitReason reason) { stop_reason_ = std::move(reason); }

  // Called in a catch block: a callback has thrown, and the server stops.
  void CallbackFailed();
  // Called in a catch block: so has Terminate.
  void TerminateFailed() { Stop(CatchExit()); }

  // Serves Sys, and nothing else, while the server is suspended.
  Async<> ServeSuspended();

  // Reports why the server ends, and ends the process.
  void Finish();

 protected:
  ~ServerCore() = default;

  // The state, if it is of the type whose identity that is.
  virtual void* StateOfType(const void* type) = 0;
  // The state as people are to see it; empty if the class doesn't say.
  virtual std::string FormattedState() = 0;
  // Gives back the state's own memory.
  virtual void HibernateState() = 0;

  // What each server handles alike. Returns false if the message is for the class.
  bool HandleSystemMessage();
  // "server Stack <0.1.2> "stack"", for logs.
  std::string Named() const;
  // The type of the message that was handled last: of a call the request's.
  std::string_view MessageName() const;
  // Says that nothing handles `message`.
  void LogUnhandled(const Message& message) const;
  // Gives back what memory it can.
  void GoToSleep();
  // How long to wait for a message after a callback that wanted something else than just that.
  absl::Duration LimitOfWait();

  Incoming incoming_;
  Next next_;
  std::string_view last_message_;  // the type of the message that was handled last
  HeldRequest unanswered_;  // the start, until it has started; the call whose callback has thrown
  std::unique_ptr<Debug> debug_;  // what Sys has been asked to watch; null if nothing
  const StartContext context_;

 private:
  friend struct SysAccess;

  void HandleSys(Asked<SysRequest> asked);
  void Report(const ExitReason& reason);

  const std::string_view class_name_;
  std::optional<ExitReason> stop_reason_;
  bool suspended_ = false;
};

}  // namespace hydra::genserver_internal

#endif  // HYDRA_GENSERVER_INTERNAL_SERVER_CORE_H_
