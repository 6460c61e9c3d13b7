#include "hydra/supervisor/model/worker.h"

#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/dynamic_supervisor.h"
#include "hydra/supervisor/model/plan.h"
#include "hydra/supervisor/model/world.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra::supervisor_model {
namespace {

// Tells the world when it is destroyed.
class Presence {
 public:
  Presence(World* world, int id) : world_(*world), id_(id) {}
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
  ~Presence() { world_.Note('-', id_); }

 private:
  World& world_;
  const int id_;
};

void UnlinkFromParent(World* world) {
  Unlink(world->RecordOf(Self())->parent);
  world->Unlinked(Self());
}

class Worker {
 public:
  using Protocol = hydra::Protocol<Order>;
  using Infos = hydra::Infos<ExitSignal>;

  Worker(World* world, const Plan& plan) : world_(world), plan_(plan) {}

  Async<> Init() {
    world_->Beginning(Self(), plan_, Ancestors().front());
    TrapExit(plan_.traps);
    if (plan_.start_takes > absl::ZeroDuration()) co_await Sleep(plan_.start_takes);
    presence_ = std::make_unique<Presence>(world_, plan_.id);
  }

  Next HandleCast(const Order& order) {
    if (order.op == Op::kThrow) throw std::runtime_error("as ordered");
    if (order.op == Op::kCrash) return Next::Stop(order.reason);
    UnlinkFromParent(world_);
    return Next();
  }

  void HandleInfo(const ExitSignal&) {}

  // NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): the server keeps it.
  Async<> Terminate(const ExitReason&) {
    world_->Ending(Self());
    if (plan_.end_takes > absl::ZeroDuration()) co_await Sleep(plan_.end_takes);
  }

 private:
  World* world_;
  Plan plan_;
  std::unique_ptr<Presence> presence_;
};

Async<> WorkerProcess(World* world, Pid parent, Plan plan, std::unique_ptr<Presence>) {
  TrapExit(plan.traps);
  for (;;) {
    auto message = co_await Receive<Order, ExitSignal>();
    if (const auto* exit = std::get_if<ExitSignal>(&message)) {
      if (exit->from == parent) ExitSelf(exit->reason);
      continue;
    }
    const Order& order = std::get<Order>(message);
    if (order.op == Op::kCrash) ExitSelf(order.reason);
    UnlinkFromParent(world);
  }
}

Async<absl::StatusOr<Pid>> StartWorkerProcess(World* world, Plan plan) {
  const Pid pid =
      SpawnLink(WorkerProcess, world, Self(), plan, std::make_unique<Presence>(world, plan.id));
  world->Beginning(pid, plan, Self());
  co_return pid;
}

// A server that never starts.
class Unwilling {
 public:
  using Protocol = hydra::Protocol<>;

  explicit Unwilling(Outcome outcome) : outcome_(outcome) {}

  InitResult Init() const {
    switch (outcome_) {
      case Outcome::kIgnored:
        return InitResult::Ignore();
      case Outcome::kStops:
        return Next::Stop(ExitReason::Custom("unwilling"));
      default:
        return absl::DataLossError("unwilling");
    }
  }

 private:
  const Outcome outcome_;
};

using StartFunction = decltype(ChildSpec::start);

Async<absl::StatusOr<Pid>> StartByFate(World* world, int id, const StartFunction* start) {
  const Outcome outcome = world->TakeFate(id);
  if (outcome == Outcome::kStarts) co_return co_await (*start)();
  if (outcome == Outcome::kThrows) throw std::runtime_error("unwilling");
  const absl::StatusOr<ServerRef<Unwilling>> server = co_await StartLink<Unwilling>({}, outcome);
  co_return server.status();
}

Async<absl::StatusOr<Pid>> StartNoted(World* world, const Plan* plan, const StartFunction* start) {
  world->Parent(Self());
  absl::StatusOr<Pid> pid;
  try {
    pid = co_await StartByFate(world, plan->id, start);
  } catch (const std::runtime_error&) {
    world->Note('!', plan->id);
    throw;
  }
  if (pid.ok()) {
    world->Started(*pid, *plan, Self());
  } else {
    world->Note(IsIgnored(pid.status()) ? '~' : '!', plan->id);
  }
  co_return pid;
}

}  // namespace

ChildSpec PlainSpecOf(World* world, const Plan& plan) {
  const ChildOptions options = {.id = NameOf(plan.id),
                                .restart = plan.restart,
                                .shutdown = plan.shutdown,
                                .significant = plan.significant,
                                .backoff = plan.backoff,
                                .server = {.name = plan.named ? NameOf(plan.id) : ""}};
  Children children;
  for (const Plan& child : plan.children) children.push_back(world->SpecOf(child));
  switch (plan.kind) {
    case Kind::kServer:
      return Child<Worker>(options, world, plan);
    case Kind::kSupervisor:
      return Child<Supervisor>(options, plan.options, std::move(children));
    case Kind::kDynamicSupervisor:
      return Child<DynamicSupervisor>(
          options, DynamicSupervisorOptions{.max_children = plan.max_children,
                                            .max_restarts = plan.options.max_restarts,
                                            .period = plan.options.period});
    case Kind::kProcess:
      break;
  }
  return {.id = options.id,
          .start = [world, plan] { return StartWorkerProcess(world, plan); },
          .restart = options.restart,
          .shutdown = options.shutdown,
          .significant = options.significant,
          .backoff = options.backoff};
}

ChildSpec NotedSpec(World* world, const Plan& plan, ChildSpec spec) {
  // The closure outlives the coroutine: it is the spec's, which the supervisor keeps while it starts it.
  spec.start = [world, plan, start = std::move(spec.start)] {
    return StartNoted(world, &plan, &start);
  };
  return spec;
}

}  // namespace hydra::supervisor_model
