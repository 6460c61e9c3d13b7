#include "hydra/supervisor/model/world.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/process.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/dynamic_supervisor.h"
#include "hydra/supervisor/model/plan.h"
#include "hydra/supervisor/model/worker.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra::supervisor_model {
namespace {

// How long a supervisor may take to end after its own has died.
constexpr absl::Duration kLongEnd = absl::Minutes(1);

struct EndOwner {
  ExitReason reason;
};

Async<> Own(World* world, ChildSpec top) {
  TrapExit(true);
  const absl::StatusOr<Pid> pid = co_await top.start();
  if (!pid.ok()) co_return;
  world->Top(*pid);
  auto end = co_await Receive<EndOwner, ExitSignal>();
  if (auto* ordered = std::get_if<EndOwner>(&end)) ExitSelf(std::move(ordered->reason));
}

Async<> Watch(World* world, Pid pid) {
  const Ref ref = Monitor(pid);
  const Down down = co_await Receive<Down>().For(ref);
  world->Ended(down.reason);
}

Async<> SendExit(Pid pid, ExitReason reason) {
  Exit(pid, std::move(reason));
  co_return;
}

Async<> StopServer(Pid pid, ExitReason reason) {
  static_cast<void>(co_await Stop(Dest(pid), std::move(reason)));
}

Async<> AskToStart(World* world, Pid pid, Kind kind, ChildSpec spec) {
  absl::StatusOr<Pid> child;
  if (kind == Kind::kSupervisor) {
    child = co_await StartChild(ServerRef<Supervisor>(pid), std::move(spec));
  } else {
    child = co_await StartChild(ServerRef<DynamicSupervisor>(pid), std::move(spec));
  }
  world->Answered(child.status().code());
}

Async<> AskToTerminate(World* world, Pid pid, Kind kind, int id) {
  absl::Status status;
  if (kind == Kind::kSupervisor) {
    status = co_await TerminateChild(ServerRef<Supervisor>(pid), NameOf(id));
  } else {
    status = co_await TerminateChild(ServerRef<DynamicSupervisor>(pid), world->PidOf(id));
  }
  world->Answered(status.code());
}

Async<> AskAboutChild(World* world, Pid pid, Op op, int id) {
  const ServerRef<Supervisor> supervisor(pid);
  absl::Status status;
  if (op == Op::kRestartChild) {
    status = StatusOf(co_await RestartChild(supervisor, NameOf(id)));
  } else if (op == Op::kDeleteChild) {
    status = co_await DeleteChild(supervisor, NameOf(id));
  } else {
    const absl::StatusOr<ChildSpec> spec = co_await GetChildSpec(supervisor, NameOf(id));
    status = spec.status();
    if (spec.ok() && spec->id != NameOf(id)) status = absl::InternalError("another's spec");
  }
  world->Answered(status.code());
}

Async<> AskSupervisor(World* world, Pid pid, int64_t look) {
  const ServerRef<Supervisor> supervisor(pid);
  Seen seen = {.look = look};
  absl::StatusOr<std::vector<ChildInfo>> children = co_await WhichChildren(supervisor);
  const absl::StatusOr<ChildCounts> counts = co_await CountChildren(supervisor);
  if (!children.ok() || !counts.ok()) co_return;
  seen.children = *std::move(children);
  seen.counts = *counts;
  seen.info = co_await Info(pid);
  world->Answered(pid, std::move(seen));
}

}  // namespace

World::World(ManualRuntime* runtime, Plan plan)
    : runtime_(*runtime), plan_(std::move(plan)), beginning_(runtime->Now()) {}

template <typename F, typename... Args>
Pid World::SpawnOwn(F body, Args... args) {
  const Pid pid = runtime_.Spawn(body, std::move(args)...);
  own_.insert(pid);
  return pid;
}

void World::Start() { owner_ = SpawnOwn(Own, this, SpecOf(plan_)); }

ChildSpec World::SpecOf(const Plan& plan) { return NotedSpec(this, plan, PlainSpecOf(this, plan)); }

void World::Do(const Step& step) {
  const Pid who = PidOf(step.who);
  const Record* record = RecordOf(who);
  answer_.reset();
  if (step.times > 0) fates_.Set(step.child, step.outcome, step.times);
  switch (step.op) {
    case Op::kFate:
      return;
    case Op::kAdvance:
      return runtime_.Advance(step.time);
    case Op::kEndOwner:
      runtime_.Send(owner_, EndOwner{step.reason});
      return;
    default:
      break;
  }
  if (record == nullptr) return;
  switch (step.op) {
    case Op::kCrash:
    case Op::kThrow:
    case Op::kUnlink:
      runtime_.Send(who, Order{step.op, step.reason});
      break;
    case Op::kKill:
      SpawnOwn(SendExit, who, ExitReason::Kill());
      break;
    case Op::kStranger:
      SpawnOwn(SendExit, who, step.reason);
      break;
    case Op::kStop:
      SpawnOwn(StopServer, who, step.reason);
      break;
    case Op::kStartChild:
      SpawnOwn(AskToStart, this, who, record->kind, SpecOf(step.plan));
      break;
    case Op::kTerminateChild:
      SpawnOwn(AskToTerminate, this, who, record->kind, step.child);
      break;
    default:
      SpawnOwn(AskAboutChild, this, who, step.op, step.child);
  }
}

// ---- The books.

void World::Note(char what, int id) { events_.push_back({Now(), what, id}); }

void World::Beginning(const Pid& pid, const Plan& plan, const Pid& parent) {
  records_[pid] = {.id = plan.id, .parent = parent, .kind = plan.kind, .is_named = plan.named};
}

void World::Started(const Pid& pid, const Plan& plan, const Pid& parent) {
  Note('+', plan.id);
  Record& record = records_[pid];
  record.id = plan.id;
  record.parent = parent;
  record.kind = plan.kind;
  record.is_started = true;
  record.serial = ++starts_[plan.id];
  pids_[plan.id] = pid;
}

void World::Parent(const Pid& supervisor) {
  if (supervisor != owner_) records_.try_emplace(supervisor, Record{.kind = Kind::kSupervisor});
}

void World::Top(const Pid& pid) { SpawnOwn(Watch, this, pid); }

const Record* World::RecordOf(const Pid& pid) const {
  const auto found = records_.find(pid);
  return found == records_.end() ? nullptr : &found->second;
}

Pid World::PidOf(int id) const {
  const auto found = pids_.find(id);
  return found == pids_.end() ? Pid() : found->second;
}

const Seen* World::SeenOf(const Pid& supervisor) const {
  const auto found = seen_.find(supervisor);
  return found == seen_.end() || found->second.look != looks_ ? nullptr : &found->second;
}

// ---- Looking.

std::string World::Look() {
  ForgetTheDead(runtime_.Processes());
  AskSupervisors();
  const std::vector<Pid> living = runtime_.Processes();
  ForgetTheDead(living);
  for (const Pid& pid : living) {
    if (own_.contains(pid)) continue;
    const auto record = records_.find(pid);
    if (record == records_.end()) return absl::StrCat("nobody knows of process ", pid.ToString());
    if (std::string wrong = CheckProcess(pid, record->second); !wrong.empty()) return wrong;
  }
  for (const auto& [pid, record] : records_) {
    const Seen* seen = SeenOf(pid);
    if (seen == nullptr) continue;
    std::string wrong = CheckSupervisor(pid, record, *seen);
    if (!wrong.empty()) return absl::StrCat("supervisor ", NameOf(record.id), ": ", wrong);
  }
  return CheckNames();
}

void World::AskSupervisors() {
  ++looks_;
  for (const auto& [pid, record] : records_) {
    if (!IsSupervisor(record.kind) || !record.is_started || asking_.contains(pid)) continue;
    asking_[pid] = SpawnOwn(AskSupervisor, this, pid, looks_);
  }
  runtime_.RunUntilIdle();
}

void World::ForgetTheDead(const std::vector<Pid>& living) {
  const absl::flat_hash_set<Pid> alive(living.begin(), living.end());
  absl::erase_if(own_, [&](const Pid& pid) { return !alive.contains(pid); });
  absl::erase_if(asking_, [&](const auto& asking) { return !alive.contains(asking.second); });
  absl::erase_if(seen_, [&](const auto& seen) { return !alive.contains(seen.first); });
  // The supervisor of one that has unlinked itself still believes in it.
  absl::erase_if(records_, [&](const auto& record) {
    return !alive.contains(record.first) &&
           (!record.second.is_unlinked || !alive.contains(record.second.parent));
  });
}

std::string World::CheckProcess(const Pid& pid, Record& record) {
  if (!record.is_started || record.parent == owner_) return "";
  if (!records_.contains(record.parent)) return CheckOrphan(pid, record);
  const Seen* parent = SeenOf(record.parent);
  if (parent == nullptr || record.is_ending) return "";
  const auto is_it = [&](const ChildInfo& child) { return child.pid == pid; };
  if (std::ranges::count_if(parent->children, is_it) == 1) return "";
  return absl::StrCat("supervisor ", NameOf(records_.at(record.parent).id), " doesn't have ",
                      NameOf(record.id), ", which runs");
}

std::string World::CheckOrphan(const Pid& pid, Record& record) {
  if (record.is_unlinked) {
    SpawnOwn(SendExit, pid, ExitReason::Kill());
    runtime_.RunUntilIdle();
    return "";
  }
  if (!record.orphaned.has_value()) record.orphaned = Now();
  const bool is_late = Now() - *record.orphaned > kLongEnd;
  const bool may_end = IsSupervisor(record.kind) ? SeenOf(pid) == nullptr : record.is_ending;
  return may_end && !is_late ? "" : absl::StrCat(NameOf(record.id), " is an orphan");
}

std::string World::CheckSupervisor(const Pid& pid, const Record& record, const Seen& seen) const {
  ChildCounts counts = {.specs = seen.children.size()};
  std::vector<Pid> links = {record.parent};
  for (const ChildInfo& child : seen.children) {
    std::string wrong = CheckChild(pid, child);
    if (!wrong.empty()) return absl::StrCat("child ", child.id, ": ", wrong);
    ++(child.type == ChildType::kSupervisor ? counts.supervisors : counts.workers);
    if (child.state != ChildState::kRunning) continue;
    ++counts.active;
    if (!records_.at(child.pid).is_unlinked) links.push_back(child.pid);
  }
  if (counts.active != seen.counts.active || counts.specs != seen.counts.specs ||
      counts.supervisors != seen.counts.supervisors || counts.workers != seen.counts.workers) {
    return "its counts are wrong";
  }
  if (!seen.info.has_value()) return "it is dead";
  std::vector<Pid> has = seen.info->links;
  std::ranges::sort(links);
  std::ranges::sort(has);
  if (has != links) return "its links aren't to its children";
  if (!seen.info->monitors.empty()) return "it monitors somebody";
  if (seen.info->message_queue_length > 0) return "it has unread messages";
  return "";
}

std::string World::CheckChild(const Pid& supervisor, const ChildInfo& child) const {
  if (child.state != ChildState::kRunning) return child.pid ? "it doesn't run, and has a pid" : "";
  const Record* const record = RecordOf(child.pid);
  if (record == nullptr) return "it is dead";
  if (record->parent != supervisor) return "it is another's child";
  if (NameOf(record->id) != child.id) return "it is somebody else";
  return "";
}

std::string World::CheckNames() const {
  size_t names = 0;
  for (const auto& [pid, record] : records_) {
    if (!record.is_named || !runtime_.IsAlive(pid)) continue;
    ++names;
    if (runtime_.WhereIs(NameOf(record.id)) != pid)
      return absl::StrCat(NameOf(record.id), " doesn't have its name");
  }
  return runtime_.RegisteredNames().size() == names ? "" : "somebody has a name too many";
}

}  // namespace hydra::supervisor_model
