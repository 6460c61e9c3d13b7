#include "hydra/application/internal/master.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/application/internal/messages.h"
#include "hydra/application/spec.h"
#include "hydra/base/log.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"

namespace hydra::application_internal {
namespace {

class Master {
 public:
  Master(std::shared_ptr<const Application> application, Pid controller)
      : application_(std::move(application)), controller_(controller) {}

  Async<> Run();

 private:
  // Waits until the application is to stop, or the root has ended, and tells it of changed settings
  // meanwhile.
  Async<> Serve();
  // Does what is done at the end, whatever it came by.
  Async<> TakeDown();

  // Calls `function`, if there is one, in a process of its own, and waits until it has ended.
  Async<> Call(std::string name, std::function<Async<>()> function, absl::Duration limit);
  std::optional<Ref> Spawn(const std::string& name, std::function<Async<>()> function,
                           Pid* pid = nullptr);

  // Why the root has ended, which `down` says.
  Async<ExitReason> RootsReason(Down down);
  // The application ends with the first reason that isn't clean.
  void Note(const ExitReason& reason) {
    if (result_.IsClean() && !reason.IsClean()) result_ = reason;
  }

  const std::shared_ptr<const Application> application_;
  const Pid controller_;
  Pid root_;
  Ref root_end_;
  bool root_has_ended_ = false;
  std::optional<Ref> change_;  // the end of the process that is told of a changed setting
  ExitReason result_ = ExitReason::Shutdown();
};

Async<> Master::Run() {
  TrapExit(true);
  absl::StatusOr<Pid> root = co_await application_->start();
  if (root.ok() && !*root) root = absl::InvalidArgumentError("start returned nobody's pid");
  if (root.ok()) {
    root_ = *root;
    root_end_ = Monitor(root_);
    Link(root_);
  }
  Send(controller_, MasterStarted{.master = Self(), .status = root.status()});
  if (!root.ok()) co_return;
  co_await Serve();
  co_await TakeDown();
  EndReported(result_);
}

Async<> Master::Serve() {
  // Other exit signals stay where they are: RootsReason looks at the root's.
  const struct {
    const Master* self;
    bool operator()(const StopMaster&) const { return true; }
    bool operator()(const ExitSignal& exit) const { return exit.from == self->controller_; }
    bool operator()(const Down&) const { return true; }
    bool operator()(const SettingChanged&) const { return !self->change_.has_value(); }
  } fits{this};
  for (;;) {
    auto message = co_await Receive<StopMaster, ExitSignal, Down, SettingChanged>().Where(fits);
    if (const auto* change = std::get_if<SettingChanged>(&message)) {
      if (application_->config_change == nullptr) continue;
      change_ = Spawn("config_change", [application = application_, setting = change->setting] {
        return application->config_change(setting);
      });
    } else if (auto* down = std::get_if<Down>(&message)) {
      if (down->ref == root_end_) {
        root_has_ended_ = true;
        result_ = co_await RootsReason(std::move(*down));
        co_return;
      }
      if (down->ref == change_) change_.reset();
    } else {
      co_return;
    }
  }
}

Async<> Master::TakeDown() {
  co_await Call("prep_stop", application_->prep_stop, application_->prep_stop_limit);
  if (!root_has_ended_) {
    Exit(root_, ExitReason::Shutdown());
    Note(co_await RootsReason(co_await Receive<Down>().For(root_end_)));
  }
  co_await Call("stop", application_->stop, absl::InfiniteDuration());
}

Async<> Master::Call(std::string name, std::function<Async<>()> function, absl::Duration limit) {
  if (function == nullptr) co_return;
  Pid pid;
  const std::optional<Ref> end = Spawn(name, std::move(function), &pid);
  if (!end.has_value()) {
    Note(ExitReason::Custom(name + " couldn't be called"));
    co_return;
  }
  std::optional<Down> down = co_await Receive<Down>().For(*end).Within(limit);
  if (down.has_value()) {
    Note(down->reason);
    co_return;
  }
  HYDRA_LOG(WARNING) << "application " << application_->name << ": " << name
                     << " hasn't ended within " << absl::FormatDuration(limit) << ", and is killed";
  Exit(pid, ExitReason::Kill());
  co_await Receive<Down>().For(*end);
}

std::optional<Ref> Master::Spawn(const std::string& name, std::function<Async<>()> function,
                                 Pid* pid) {
  Ref end;
  const absl::StatusOr<Pid> spawned =
      SpawnWith({.monitor = &end, .label = name + " of application " + application_->name},
                std::move(function));
  if (!spawned.ok()) {
    HYDRA_LOG(ERROR) << "application " << application_->name << ": " << name << ": "
                     << spawned.status().ToString();
    return std::nullopt;
  }
  if (pid != nullptr) *pid = *spawned;
  return end;
}

Async<ExitReason> Master::RootsReason(Down down) {
  if (down.reason.kind() != ExitReason::Kind::kNoProc) co_return std::move(down.reason);
  // It had ended by the time that it was monitored. If start had linked it to the master, that has been told
  // before.
  std::optional<ExitSignal> exit =
      co_await Receive<ExitSignal>()
          .Where([this](const ExitSignal& signal) { return signal.from == root_; })
          .Within(absl::ZeroDuration());
  co_return exit.has_value() ? std::move(exit->reason) : std::move(down.reason);
}

}  // namespace

Async<> RunMaster(std::shared_ptr<const Application> application, Pid controller) {
  Master master(std::move(application), controller);
  co_await master.Run();
}

}  // namespace hydra::application_internal
