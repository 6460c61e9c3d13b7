#include "hydra/application/internal/controller.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hydra/application/internal/leftovers.h"
#include "hydra/application/internal/master.h"
#include "hydra/application/internal/messages.h"
#include "hydra/application/internal/settings_table.h"
#include "hydra/application/internal/start_plan.h"
#include "hydra/application/spec.h"
#include "hydra/base/log.h"
#include "hydra/base/status_macros.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/link.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"

namespace hydra::application_internal {
namespace {

// The same failure, in other words.
absl::Status InWords(const absl::Status& status, const std::string& words) {
  absl::Status result(status.code(), words);
  status.ForEachPayload([&result](absl::string_view type, const absl::Cord& payload) {
    result.SetPayload(type, payload);
  });
  return result;
}

absl::Status Prefixed(const std::string& path, const absl::Status& status) {
  return InWords(status, path + ": " + std::string(status.message()));
}

// A failure of which people are told the reason only.
absl::Status Ended(const ExitReason& reason) {
  return InWords(EndedError("", reason), reason.ToString());
}

absl::Status SystemStops() { return absl::CancelledError("the system is stopping"); }

// The values of a runtime's settings live as long as its controller, also one that never gets a turn.
class OwnedSettings {
 public:
  explicit OwnedSettings(uint32_t home) : home_(home) {}
  OwnedSettings(const OwnedSettings&) = delete;
  OwnedSettings& operator=(const OwnedSettings&) = delete;
  ~OwnedSettings() {
    if (owned_) ForgetSettings(home_);
  }
  void Disown() { owned_ = false; }

 private:
  const uint32_t home_;
  bool owned_ = true;
};

class Controller {
 public:
  Controller(std::function<void()> on_stop, std::shared_ptr<OwnedSettings> settings)
      : on_stop_(std::move(on_stop)), settings_(std::move(settings)) {}
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  Async<> Run();

 private:
  struct Running {
    std::string name;
    Application::Restart restart;
    Pid master;
  };
  using StartResult = StartRequest::Reply;

  // Whatever the controller receives. Those that don't ask for a start or a stop are dealt with at once.
  using Event = std::variant<Asked<StartRequest>, Asked<StopRequest>, Asked<RunningRequest>,
                             Asked<StoppedRequest>, BeginStop, MasterStarted, ExitSignal>;

  // ---- One start or stop.

  Async<> HandleNext();
  Async<StartResult> Start(std::shared_ptr<const Application> application);
  Async<absl::Status> StartOne(PlannedStart planned);
  Async<absl::Status> Stop(std::string name);
  // Stops one that runs, and yields why its master has ended.
  Async<ExitReason> StopOne(Running running);
  Async<> StopAll();
  // Kills what is left of those that have ended by themselves.
  Async<> CleanUp();
  Async<> KillLeftoversOf(std::string name, Pid master);

  // ---- Waiting for a process during one. Other things are dealt with meanwhile.

  // Until the master `pid` has started or ended, or the system has begun to stop.
  struct StartOutcome {
    absl::Status status;
    bool has_ended = false;
  };
  Async<StartOutcome> AwaitStart(Pid pid);
  Async<ExitReason> AwaitEnd(Pid pid);
  Async<Event> NextWhileBusy();
  // Whether the request would wait for its own asker, or for what never comes.
  bool Refuses(const std::vector<Pid>& asker) const;
  absl::Status Refusal() const;

  // ---- At once.

  void Handle(Event event);
  void HasEnded(const ExitSignal& exit);
  void BeginStopping(int exit_code);
  // The system has not stopped in order.
  void Disorder() {
    if (exit_code_ == 0) exit_code_ = 1;
  }

  auto Find(std::string_view name) {
    return std::find_if(running_.begin(), running_.end(),
                        [name](const Running& running) { return running.name == name; });
  }

  const std::function<void()> on_stop_;
  const std::shared_ptr<OwnedSettings> settings_;
  std::vector<Running> running_;  // in the order of their start
  std::vector<Running> ended_;    // by themselves, and not cleaned up
  Pid busy_with_;                 // the master that is being started or stopped
  std::optional<int> exit_code_;  // the system stops, or has stopped
  bool has_stopped_ = false;
  std::vector<ReplyTo<StoppedRequest>> awaiting_stop_;
};

Async<> Controller::Run() {
  TrapExit(true);
  for (;;) {
    if (!ended_.empty()) {
      co_await CleanUp();
    } else if (exit_code_.has_value() && !has_stopped_) {
      co_await StopAll();
    } else {
      co_await HandleNext();
    }
  }
}

// ---- One start or stop.

Async<> Controller::HandleNext() {
  Event event = co_await Receive<Asked<StartRequest>, Asked<StopRequest>, Asked<RunningRequest>,
                                 Asked<StoppedRequest>, BeginStop, MasterStarted, ExitSignal>();
  const bool stops = exit_code_.has_value();
  auto* start = stops ? nullptr : std::get_if<Asked<StartRequest>>(&event);
  auto* stop = stops ? nullptr : std::get_if<Asked<StopRequest>>(&event);
  if (start != nullptr) {
    start->reply_to.Send(co_await Start(std::move(start->request.application)));
  } else if (stop != nullptr) {
    stop->reply_to.Send(co_await Stop(std::move(stop->request.application)));
  } else {
    Handle(std::move(event));
  }
}

Async<Controller::StartResult> Controller::Start(std::shared_ptr<const Application> application) {
  std::set<std::string> running;
  for (const Running& one : running_) running.insert(one.name);
  HYDRA_CO_ASSIGN_OR_RETURN(const std::vector<PlannedStart> plan, PlanStart(application, running));
  std::vector<std::string> started;
  for (const PlannedStart& planned : plan) {
    absl::Status status = co_await StartOne(planned);
    if (status.ok()) {
      started.push_back(planned.application->name);
      continue;
    }
    while (!started.empty()) {
      if (const auto place = Find(started.back()); place != running_.end())
        co_await StopOne(*place);
      started.pop_back();
    }
    co_return Prefixed(planned.path, status);
  }
  co_return started;
}

Async<absl::Status> Controller::StartOne(PlannedStart planned) {
  if (exit_code_.has_value()) co_return SystemStops();
  const std::string& name = planned.application->name;
  HYDRA_CO_ASSIGN_OR_RETURN(
      const Pid master,
      SpawnWith({.name = MasterName(name), .link = true, .label = "application " + name}, RunMaster,
                planned.application, Self()));
  busy_with_ = master;
  StartOutcome outcome = co_await AwaitStart(master);
  if (outcome.status.ok()) {
    running_.push_back({name, planned.application->restart, master});
    HYDRA_LOG(INFO) << "application " << name << " has started";
  } else {
    Exit(master, ExitReason::Kill());
    if (!outcome.has_ended) co_await AwaitEnd(master);
    co_await KillLeftoversOf(name, master);
  }
  busy_with_ = Pid();
  co_return std::move(outcome.status);
}

Async<absl::Status> Controller::Stop(std::string name) {
  const auto place = Find(name);
  if (place == running_.end())
    co_return absl::NotFoundError("application " + name + " isn't running");
  const ExitReason reason = co_await StopOne(*place);
  if (reason.IsClean()) co_return absl::OkStatus();
  co_return Prefixed("application " + name, Ended(reason));
}

Async<ExitReason> Controller::StopOne(Running running) {
  busy_with_ = running.master;
  Send(running.master, StopMaster{});
  const ExitReason reason = co_await AwaitEnd(running.master);
  running_.erase(Find(running.name));
  co_await KillLeftoversOf(running.name, running.master);
  busy_with_ = Pid();
  if (reason.IsClean()) {
    HYDRA_LOG(INFO) << "application " << running.name << " has stopped";
  } else {
    HYDRA_LOG(ERROR) << "application " << running.name
                     << " has stopped, but not in order: " << reason.ToString();
  }
  co_return reason;
}

Async<> Controller::StopAll() {
  while (!running_.empty() || !ended_.empty()) {
    if (!ended_.empty()) {
      co_await CleanUp();
    } else if (const ExitReason reason = co_await StopOne(running_.back()); !reason.IsClean()) {
      Disorder();
    }
  }
  has_stopped_ = true;
  for (ReplyTo<StoppedRequest>& reply_to : awaiting_stop_) reply_to.Send(*exit_code_);
  awaiting_stop_.clear();
}

Async<> Controller::CleanUp() {
  while (!ended_.empty()) {
    const Running ended = std::move(ended_.back());
    ended_.pop_back();
    co_await KillLeftoversOf(ended.name, ended.master);
  }
}

Async<> Controller::KillLeftoversOf(std::string name, Pid master) {
  const absl::StatusOr<Pid> killer =
      SpawnWith({.link = true, .label = "end of application " + name}, KillLeftovers, name, master);
  if (killer.ok()) {
    co_await AwaitEnd(*killer);
  } else {
    HYDRA_LOG(ERROR) << "application " << name
                     << ": what is left of it can't be looked for: " << killer.status().ToString();
  }
}

// ---- Waiting.

Async<Controller::StartOutcome> Controller::AwaitStart(Pid pid) {
  while (!exit_code_.has_value()) {
    Event event = co_await NextWhileBusy();
    if (auto* started = std::get_if<MasterStarted>(&event)) {
      if (started->master == pid) co_return StartOutcome{.status = std::move(started->status)};
    } else if (auto* exit = std::get_if<ExitSignal>(&event); exit != nullptr && exit->from == pid) {
      co_return StartOutcome{.status = Ended(exit->reason), .has_ended = true};
    } else {
      Handle(std::move(event));
    }
  }
  // One that has started meanwhile is stopped in order, like the others.
  std::optional<MasterStarted> started =
      co_await Receive<MasterStarted>()
          .Where([pid](const MasterStarted& message) { return message.master == pid; })
          .Within(absl::ZeroDuration());
  co_return StartOutcome{.status =
                             started.has_value() ? std::move(started->status) : SystemStops()};
}

Async<ExitReason> Controller::AwaitEnd(Pid pid) {
  for (;;) {
    Event event = co_await NextWhileBusy();
    if (auto* exit = std::get_if<ExitSignal>(&event); exit != nullptr && exit->from == pid)
      co_return std::move(exit->reason);
    Handle(std::move(event));
  }
}

Async<Controller::Event> Controller::NextWhileBusy() {
  const auto fits = [this]<typename M>(const M& message) {
    if constexpr (requires { message.request.asker; }) {
      return Refuses(message.request.asker);
    } else {
      return true;
    }
  };
  co_return co_await Receive<Asked<StartRequest>, Asked<StopRequest>, Asked<RunningRequest>,
                             Asked<StoppedRequest>, BeginStop, MasterStarted, ExitSignal>()
      .Where(fits);
}

bool Controller::Refuses(const std::vector<Pid>& asker) const {
  return exit_code_.has_value() || std::find(asker.begin(), asker.end(), busy_with_) != asker.end();
}

absl::Status Controller::Refusal() const {
  if (exit_code_.has_value()) return absl::FailedPreconditionError("the system is stopping");
  return absl::FailedPreconditionError(
      "this would wait for itself: the caller belongs to the application that is being started or "
      "stopped");
}

// ---- At once.

void Controller::Handle(Event event) {
  if (auto* start = std::get_if<Asked<StartRequest>>(&event)) {
    start->reply_to.Send(Prefixed("application " + start->request.application->name, Refusal()));
  } else if (auto* stop = std::get_if<Asked<StopRequest>>(&event)) {
    stop->reply_to.Send(Prefixed("application " + stop->request.application, Refusal()));
  } else if (auto* running = std::get_if<Asked<RunningRequest>>(&event)) {
    std::vector<std::string> names;
    for (const Running& one : running_) names.push_back(one.name);
    running->reply_to.Send(std::move(names));
  } else if (auto* stopped = std::get_if<Asked<StoppedRequest>>(&event)) {
    if (has_stopped_) {
      stopped->reply_to.Send(*exit_code_);
    } else {
      awaiting_stop_.push_back(std::move(stopped->reply_to));
    }
  } else if (const auto* stop_all = std::get_if<BeginStop>(&event)) {
    BeginStopping(stop_all->exit_code);
  } else if (const auto* exit = std::get_if<ExitSignal>(&event)) {
    HasEnded(*exit);
  }
}

void Controller::HasEnded(const ExitSignal& exit) {
  const auto place = std::find_if(running_.begin(), running_.end(), [&](const Running& running) {
    return running.master == exit.from;
  });
  if (place == running_.end()) return;
  using Restart = Application::Restart;
  const bool clean = exit.reason.IsClean();
  const bool stops =
      place->restart == Restart::kPermanent || (place->restart == Restart::kTransient && !clean);
  const std::string text = "application " + place->name + " has ended: " + exit.reason.ToString();
  if (clean) {
    HYDRA_LOG(INFO) << text;
  } else {
    HYDRA_LOG(ERROR) << text;
  }
  ended_.push_back(std::move(*place));
  running_.erase(place);
  if (!stops) return;
  BeginStopping(clean ? 0 : 1);
  if (!clean) Disorder();
}

void Controller::BeginStopping(int exit_code) {
  if (exit_code_.has_value()) return;
  HYDRA_LOG(INFO) << "the system stops, with exit code " << exit_code;
  exit_code_ = exit_code;
  if (on_stop_ != nullptr) on_stop_();
}

Async<> RunController(std::function<void()> on_stop, std::shared_ptr<OwnedSettings> settings) {
  Controller controller(std::move(on_stop), std::move(settings));
  co_await controller.Run();
}

}  // namespace

void EnsureController(std::function<void()> on_stop) {
  if (WhereIs(kController)) return;
  const auto settings = std::make_shared<OwnedSettings>(Self().home());
  const absl::StatusOr<Pid> controller =
      SpawnWith({.name = std::string(kController), .label = "starts applications"}, RunController,
                std::move(on_stop), settings);
  // If somebody else was faster, theirs is as good. If nothing could be spawned, requests to it fail.
  if (!controller.ok()) settings->Disown();
}

}  // namespace hydra::application_internal
