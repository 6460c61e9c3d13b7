#include "hydra/supervisor/model/plan.h"

#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra::supervisor_model {
namespace {

constexpr int kMaxDepth = 3;

const char* NameOfKind(Kind kind) {
  constexpr const char* kNames[] = {"server", "process", "supervisor", "dynamic supervisor"};
  return kNames[static_cast<int>(kind)];
}

const char* NameOfRestart(Restart restart) {
  constexpr const char* kNames[] = {"permanent", "transient", "temporary"};
  return kNames[static_cast<int>(restart)];
}

const char* NameOfStrategy(Strategy strategy) {
  constexpr const char* kNames[] = {"one_for_one", "one_for_all", "rest_for_one"};
  return kNames[static_cast<int>(strategy)];
}

const char* NameOfAutoShutdown(AutoShutdown auto_shutdown) {
  constexpr const char* kNames[] = {"never", "any significant", "all significant"};
  return kNames[static_cast<int>(auto_shutdown)];
}

const char* NameOfOutcome(Outcome outcome) {
  constexpr const char* kNames[] = {"starts", "ignored", "refused", "stops", "throws"};
  return kNames[static_cast<int>(outcome)];
}

const char* NameOfOp(Op op) {
  constexpr const char* kNames[] = {"crash",     "throw",        "kill",        "stranger",
                                    "stop",      "unlink",       "fate",        "StartChild",
                                    "Terminate", "RestartChild", "DeleteChild", "GetChildSpec",
                                    "advance",   "end owner"};
  return kNames[static_cast<int>(op)];
}

void Append(const Plan& plan, int indent, std::string& text) {
  absl::StrAppend(&text, "\n", std::string(indent, ' '), NameOf(plan.id), " ",
                  NameOfKind(plan.kind), ", ", NameOfRestart(plan.restart));
  if (plan.shutdown.has_value()) absl::StrAppend(&text, ", ", plan.shutdown->ToString());
  if (plan.significant) absl::StrAppend(&text, ", significant");
  if (plan.backoff.has_value())
    absl::StrAppend(&text, ", backoff ", absl::FormatDuration(plan.backoff->initial));
  if (!IsSupervisor(plan.kind)) {
    if (plan.traps) absl::StrAppend(&text, ", traps");
    absl::StrAppend(&text, ", takes ", absl::FormatDuration(plan.start_takes), " and ",
                    absl::FormatDuration(plan.end_takes));
    return;
  }
  absl::StrAppend(&text, ", ", NameOfStrategy(plan.options.strategy), ", ",
                  plan.options.max_restarts, " restarts in ",
                  absl::FormatDuration(plan.options.period), ", auto_shutdown ",
                  NameOfAutoShutdown(plan.options.auto_shutdown));
  if (plan.kind == Kind::kDynamicSupervisor)
    absl::StrAppend(&text, ", ", plan.max_children, " children at most");
  for (const Plan& child : plan.children) Append(child, indent + 2, text);
}

}  // namespace

std::string NameOf(int id) { return absl::StrCat("c", id); }
int IdOf(const std::string& name) { return std::atoi(name.c_str() + 1); }

Plan Planner::Tree() {
  Plan plan;
  plan.id = ++last_id_;
  plan.kind = random_.OneIn(5) ? Kind::kDynamicSupervisor : Kind::kSupervisor;
  MakeSupervisor(plan, /*depth=*/1);
  return plan;
}

Plan Planner::Child(const Plan& parent, int depth) {
  Plan plan;
  plan.id = ++last_id_;
  plan.kind = Kind(random_.Below(2));
  if (depth < kMaxDepth && random_.OneIn(3))
    plan.kind = random_.OneIn(3) ? Kind::kDynamicSupervisor : Kind::kSupervisor;
  plan.restart = random_.OneOf({Restart::kPermanent, Restart::kPermanent, Restart::kTransient,
                                Restart::kTransient, Restart::kTemporary});
  plan.significant = parent.kind == Kind::kSupervisor &&
                     parent.options.auto_shutdown != AutoShutdown::kNever &&
                     plan.restart != Restart::kPermanent && random_.OneIn(2);
  if (climate_.backoff && random_.OneIn(2)) {
    plan.backoff = Backoff{.initial = absl::Milliseconds(1 + random_.Below(400)),
                           .factor = 2,
                           .max = absl::Seconds(1),
                           .jitter = 0,
                           .reset_after = absl::Seconds(2)};
  }
  if (IsSupervisor(plan.kind)) {
    MakeSupervisor(plan, depth + 1);
  } else {
    MakeWorker(plan);
  }
  return plan;
}

void Planner::MakeWorker(Plan& plan) {
  plan.named = climate_.names && plan.kind == Kind::kServer && random_.OneIn(2);
  plan.traps = random_.OneIn(2);
  // No limit is as long as what somebody takes: either would be right.
  if (random_.OneIn(2)) {
    plan.shutdown =
        random_.OneOf({Shutdown::BrutalKill(), Shutdown::Within(absl::Milliseconds(300)),
                       Shutdown::Within(absl::Seconds(2)), Shutdown::Infinity()});
  }
  if (!climate_.slow) return;
  if (plan.kind == Kind::kServer && random_.OneIn(4)) plan.start_takes = absl::Milliseconds(70);
  if (!plan.traps || plan.kind != Kind::kServer || random_.OneIn(2)) return;
  plan.end_takes =
      absl::Milliseconds(random_.OneOf({100, 250, 1700})) + absl::Milliseconds(random_.Below(40));
  // Which ends it before it has.
  if (random_.OneIn(2)) {
    plan.shutdown =
        random_.OneOf({Shutdown::BrutalKill(), Shutdown::Within(absl::Milliseconds(50))});
  }
}

void Planner::MakeSupervisor(Plan& plan, int depth) {
  if (climate_.kills && random_.OneIn(3))
    plan.shutdown = random_.OneOf({Shutdown::BrutalKill(), Shutdown::Within(absl::Seconds(1))});
  plan.options.max_restarts = random_.OneOf({0, 1, 2, 3, 4, 6, 12});
  plan.options.period = random_.OneOf({absl::Milliseconds(500), absl::Seconds(2)});
  if (plan.kind == Kind::kDynamicSupervisor) {
    plan.max_children = 1 + random_.Below(5);
    return;
  }
  plan.options.strategy = Strategy(random_.Below(3));
  plan.options.auto_shutdown = AutoShutdown(random_.Below(3));
  for (uint64_t i = random_.Below(5); i > 0; --i) plan.children.push_back(Child(plan, depth));
}

Outcome Fates::Take(int id) {
  const auto found = fates_.find(id);
  if (found == fates_.end()) return Outcome::kStarts;
  const Outcome outcome = found->second.outcome;
  if (--found->second.times == 0) fates_.erase(found);
  return outcome;
}

std::string ToString(const Plan& plan) {
  std::string text;
  Append(plan, 2, text);
  return text;
}

std::string ToString(const Step& step) {
  std::string text = NameOfOp(step.op);
  if (step.who != 0) absl::StrAppend(&text, " ", NameOf(step.who));
  if (step.child != 0) absl::StrAppend(&text, " ", NameOf(step.child));
  if (step.times > 0)
    absl::StrAppend(&text, " ", NameOfOutcome(step.outcome), " ", step.times, " times");
  switch (step.op) {
    case Op::kCrash:
    case Op::kStranger:
    case Op::kStop:
    case Op::kEndOwner:
      absl::StrAppend(&text, " ", step.reason.ToString());
      break;
    case Op::kStartChild:
      absl::StrAppend(&text, ToString(step.plan));
      break;
    case Op::kAdvance:
      absl::StrAppend(&text, " ", absl::FormatDuration(step.time));
      break;
    default:
      break;
  }
  return text;
}

}  // namespace hydra::supervisor_model
