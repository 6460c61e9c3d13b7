// Random trees of supervisors to which random things are done, step by step: docs/semantics.md §10 and §11.
// After every step the processes are counted and the supervisors are asked from outside.
//
// A failure names its seed: HYDRA_TEST_SEED=7 in the environment runs that one only.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/base/log_sink.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/pid.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/model/model.h"
#include "hydra/supervisor/model/plan.h"
#include "hydra/supervisor/model/world.h"

namespace hydra::supervisor_model {
namespace {

constexpr int kMaxSteps = 100;  // of a tree
constexpr int kMaxSize = 40;    // a larger tree isn't added to

// What supervisors should never log.
class BadLog {
 public:
  BadLog()
      : previous_(SetLogSink([this](const LogEntry& entry) {
          if (entry.text.find("has got a") != std::string::npos ||
              entry.text.find("was asked a") != std::string::npos)
            text_ = entry.text;
        })) {}
  ~BadLog() { SetLogSink(std::move(previous_)); }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
  LogSink previous_;
};

// Whom a step can be done to.
struct Target {
  int id;
  const Plan* plan;
  std::vector<int> children;
};

ExitReason RandomReason(Random& random) {
  return random.OneOf({ExitReason::Normal(), ExitReason::Shutdown(), ExitReason::Shutdown("detail"),
                       ExitReason::Custom("broken"), ExitReason::Custom("broken")});
}

// Chooses what is done next.
class Chooser {
 public:
  Chooser(Random* random, Climate climate, Planner* planner)
      : random_(*random), climate_(climate), planner_(*planner) {}

  // `targets` run. The first is the top of the tree.
  Step Next(const std::vector<Target>& targets) {
    targets_ = &targets;
    const uint64_t dice = random_.Below(100);
    if (dice < 40) return ToWorker();
    if (dice < 50) return ToAnybody();
    if (dice < 58) return Fate();
    if (dice < 85) return Ask();
    // Often exactly a period of the planner's.
    return {.op = Op::kAdvance,
            .time = absl::Milliseconds(random_.OneOf({1, 40, 300, 500, 900, 2000, 2500}) +
                                       random_.OneOf({0, 0, 3, 7}))};
  }

 private:
  const Target* Any(const std::function<bool(const Target&)>& condition) {
    std::vector<const Target*> fit;
    for (const Target& target : *targets_) {
      if (condition(target)) fit.push_back(&target);
    }
    return fit.empty() ? nullptr : fit[random_.Below(fit.size())];
  }

  Step ToWorker() {
    const Target* target = Any([](const Target& t) { return !IsSupervisor(t.plan->kind); });
    if (target == nullptr) return Ask();
    Step step = {.op = Op::kCrash, .who = target->id, .reason = RandomReason(random_)};
    if (climate_.unlinks && random_.OneIn(8)) step.op = Op::kUnlink;
    if (target->plan->kind == Kind::kServer && random_.OneIn(8)) step.op = Op::kThrow;
    if (random_.OneIn(3)) step.op = Op::kKill;
    return step;
  }

  Step ToAnybody() {
    const bool top = random_.OneIn(20);
    const Target* target = Any([&](const Target& t) {
      return t.plan->kind != Kind::kProcess && (top || &t != &targets_->front());
    });
    if (target == nullptr) return Ask();
    Step step = {.op = Op::kStop, .who = target->id, .reason = RandomReason(random_)};
    if (random_.OneIn(3)) step = {Op::kStranger, target->id, 0, ExitReason::Custom("stranger")};
    if (climate_.kills && random_.OneIn(3)) step.op = Op::kKill;
    return step;
  }

  Step Fate() {
    const Target* target = Any([](const Target& t) { return !t.children.empty(); });
    if (target == nullptr) return Ask();
    return {.op = Op::kFate,
            .child = ChildOf(*target),
            .outcome = Outcome(random_.Below(5)),
            .times = static_cast<int>(1 + random_.Below(3))};
  }

  // Often of one of its own children.
  Step Ask() {
    const Target* target = Any([](const Target& t) { return IsSupervisor(t.plan->kind); });
    const bool is_dynamic = target->plan->kind == Kind::kDynamicSupervisor;
    Step step = {.op = Op::kStartChild, .who = target->id, .child = ChildOf(*target)};
    if (is_dynamic) {
      if (random_.OneIn(3)) step.op = Op::kTerminateChild;
    } else {
      step.op = random_.OneOf({Op::kStartChild, Op::kStartChild, Op::kTerminateChild,
                               Op::kTerminateChild, Op::kRestartChild, Op::kRestartChild,
                               Op::kDeleteChild, Op::kGetChildSpec});
    }
    if (step.op != Op::kStartChild) return step;
    if (targets_->size() >= kMaxSize) return {.op = Op::kAdvance, .time = absl::Seconds(3)};
    step.plan = planner_.ChildOf(*target->plan);
    const bool is_own = std::ranges::count(target->children, step.child) > 0;
    if (!is_dynamic && is_own && random_.OneIn(3)) step.plan.id = step.child;
    if (random_.OneIn(20)) step.plan.significant = step.plan.restart != Restart::kPermanent;
    step.child = 0;
    if (random_.OneIn(4)) SetFate(step);
    return step;
  }

  // Of the child that is started, or of one of its own.
  void SetFate(Step& step) {
    const std::vector<Plan>& below = step.plan.children;
    const uint64_t dice = random_.Below(1 + below.size());
    step.child = dice == 0 ? step.plan.id : below[dice - 1].id;
    step.outcome = Outcome(random_.Below(5));
    step.times = 1;
  }

  int ChildOf(const Target& target) {
    if (target.children.empty() || random_.OneIn(10))
      return (*targets_)[random_.Below(targets_->size())].id;
    return target.children[random_.Below(target.children.size())];
  }

  Random& random_;
  const Climate climate_;
  Planner& planner_;
  const std::vector<Target>* targets_ = nullptr;
};

// ---- One tree. Subclasses say what is done, and what is right.

class Soak {
 public:
  Soak(uint64_t seed, Climate climate)
      : random_(seed),
        climate_(climate),
        planner_(&random_, climate),
        chooser_(&random_, climate, &planner_),
        plan_(planner_.Tree()),
        runtime_({.seed = seed, .max_processes = 1024}) {
    world_ = std::make_unique<World>(&runtime_, plan_);
  }
  virtual ~Soak() = default;

  // Does `steps` at most, and ends the tree. Says what is wrong; nothing if all is right.
  std::string Run(int64_t steps) {
    std::string wrong = Begin();
    while (wrong.empty() && is_running() && static_cast<int64_t>(done_.size()) < steps)
      wrong = DoNext();
    if (wrong.empty()) wrong = End();
    if (wrong.empty()) return "";
    std::string text = absl::StrCat("the tree", ToString(plan_));
    for (size_t i = 0; i < done_.size(); ++i)
      absl::StrAppend(&text, "\nstep ", i + 1, ": ", ToString(done_[i]));
    return absl::StrCat(text, "\n", wrong);
  }

  int64_t steps() const { return static_cast<int64_t>(done_.size()); }

 protected:
  virtual std::string Begin() = 0;
  virtual bool is_running() const = 0;
  virtual std::string DoNext() = 0;
  // Makes sure that the tree ends, and runs until it has.
  virtual std::string End() = 0;

  std::string CheckGone() {
    std::string wrong = world_->Look();
    if (!wrong.empty()) return wrong;
    wrong = world_->Look();  // those that the first has killed are gone
    if (!wrong.empty()) return wrong;
    if (!world_->is_gone() || runtime_.process_count() > 0) return "something is left of the tree";
    return runtime_.RegisteredNames().empty() ? "" : "a name is left";
  }

  Step EndOfTree() {
    Step step = {.op = Op::kStop, .who = plan_.id, .reason = RandomReason(random_)};
    if (random_.OneIn(3)) step.op = Op::kEndOwner;
    if (climate_.kills && random_.OneIn(4)) step.op = Op::kKill;
    return step;
  }

  Random random_;
  const Climate climate_;
  Planner planner_;
  Chooser chooser_;
  const Plan plan_;
  std::vector<Step> done_;
  std::unique_ptr<World> world_;
  ManualRuntime runtime_;  // its processes refer to the world
};

// ---- One thing after the other: the model knows what comes of it.

std::string ToString(const std::vector<Event>& events) {
  std::string text;
  for (const Event& event : events) absl::StrAppend(&text, "\n  ", ToString(event));
  return text;
}

std::string Difference(std::vector<std::vector<Event>> expected, std::vector<Event> actual) {
  std::vector<Event> all;
  auto at = actual.begin();
  for (std::vector<Event>& group : expected) {
    std::sort(group.begin(), group.end());
    all.insert(all.end(), group.begin(), group.end());
    const auto end = at + std::min<int64_t>(group.size(), actual.end() - at);
    std::sort(at, end);
    at = end;
  }
  if (all == actual) return "";
  return absl::StrCat("should have happened:", ToString(all), "\nhas happened:", ToString(actual));
}

void AddTargets(const Node& node, std::vector<Target>& targets) {
  if (node.state != ChildState::kRunning || node.unseen) return;
  Target target = {.id = node.plan.id, .plan = &node.plan, .children = {}};
  for (const auto& child : node.children) target.children.push_back(child->plan.id);
  targets.push_back(std::move(target));
  for (const auto& child : node.children) AddTargets(*child, targets);
}

class ForetoldSoak : public Soak {
 public:
  ForetoldSoak(uint64_t seed, Climate climate) : Soak(seed, climate), model_(plan_) {}

 protected:
  std::string Begin() override {
    if (random_.OneIn(3) && !plan_.children.empty()) {
      const Plan& child = plan_.children[random_.Below(plan_.children.size())];
      const Step fate = {
          .op = Op::kFate, .child = child.id, .outcome = Outcome(random_.Below(5)), .times = 1};
      done_.push_back(fate);
      model_.Do(fate);
      world_->Do(fate);
    }
    model_.Start();
    world_->Start();
    return Settle();
  }

  bool is_running() const override { return model_.is_running() && !model_.is_ambiguous(); }

  std::string DoNext() override {
    std::vector<Target> targets;
    AddTargets(model_.root(), targets);
    return Do(chooser_.Next(targets));
  }

  std::string End() override {
    if (model_.is_ambiguous()) {
      world_->Do({.op = Op::kKill, .who = plan_.id});
      world_->Do({.op = Op::kEndOwner});
    } else if (model_.is_running()) {
      std::string wrong = Do(EndOfTree());
      if (!wrong.empty()) return wrong;
    }
    runtime_.Advance(absl::Minutes(1));
    return CheckGone();
  }

 private:
  std::string Do(Step step) {
    done_.push_back(step);
    const absl::StatusCode expected = model_.Do(step);
    world_->Do(step);
    std::string wrong = Settle();
    if (!wrong.empty() || model_.is_ambiguous()) return wrong;
    const bool asks = Op::kStartChild <= step.op && step.op <= Op::kGetChildSpec;
    if (asks && world_->answer() != expected) {
      return absl::StrCat(
          "the answer should be ", absl::StatusCodeToString(expected), " and is ",
          world_->answer().has_value() ? absl::StatusCodeToString(*world_->answer()) : "missing");
    }
    return "";
  }

  std::string Settle() {
    runtime_.RunUntilIdle();
    if (model_.now() > world_->Now()) runtime_.Advance(model_.now() - world_->Now());
    if (model_.is_ambiguous()) return "";
    std::string wrong = Difference(model_.TakeEvents(), world_->TakeEvents());
    if (!wrong.empty()) return wrong;
    if (model_.reason() != world_->reason()) return "the top has ended, or hasn't, or otherwise";
    if (model_.is_running()) wrong = Disagreement(model_.root(), world_->PidOf(plan_.id));
    return wrong;
  }

  // Between the children of a supervisor, as they should be and as it says that they are.
  std::string Disagreement(const Node& node, const Pid& pid) {
    if (&node == &model_.root()) {
      std::string wrong = world_->Look();
      if (!wrong.empty()) return wrong;
    }
    const Seen* seen = world_->SeenOf(pid);
    if (seen == nullptr) return absl::StrCat(NameOf(node.plan.id), " doesn't answer");
    if (seen->children.size() != node.children.size())
      return absl::StrCat(NameOf(node.plan.id), " has another number of children");
    std::map<std::string, const ChildInfo*> by_id;
    for (const ChildInfo& child : seen->children) by_id[child.id] = &child;
    for (size_t i = 0; i < node.children.size(); ++i) {
      const Node& child = *node.children[i];
      const auto info = by_id.find(NameOf(child.plan.id));
      const bool is_in_order = node.plan.kind == Kind::kDynamicSupervisor ||
                               seen->children[i].id == NameOf(child.plan.id);
      if (info == by_id.end() || !is_in_order) return "the children, or their order, are wrong";
      std::string wrong = DisagreementOf(child, *info->second);
      if (!wrong.empty()) return absl::StrCat("child ", NameOf(child.plan.id), ": ", wrong);
    }
    return "";
  }

  std::string DisagreementOf(const Node& child, const ChildInfo& info) {
    if (info.state != child.state) {
      return absl::StrCat("it should be ", std::string(hydra::ToString(child.state)), " and is ",
                          std::string(hydra::ToString(info.state)));
    }
    if (info.restarts != child.restarts) {
      return absl::StrCat("it should have been restarted ", child.restarts, " times, not ",
                          info.restarts);
    }
    if (info.restart != child.plan.restart ||
        (info.type == ChildType::kSupervisor) != IsSupervisor(child.plan.kind))
      return "its kind is wrong";
    if (child.state != ChildState::kRunning) return "";
    if (world_->RecordOf(info.pid)->serial != child.serial) return "another start of it should run";
    return IsSupervisor(child.plan.kind) ? Disagreement(child, info.pid) : "";
  }

  Model model_;
};

// ---- Several things at the same time, and while supervisors are busy: the pieces must fit.

class WildSoak : public Soak {
 public:
  using Soak::Soak;

 protected:
  std::string Begin() override {
    world_->Start();
    runtime_.Advance(absl::Seconds(3));
    return world_->Look();
  }

  bool is_running() const override { return world_->RecordOf(world_->PidOf(plan_.id)) != nullptr; }

  std::string DoNext() override {
    for (uint64_t i = random_.Below(3); i < 3; ++i) {
      const std::vector<Target> targets = Targets();
      if (targets.empty()) break;
      Step step = chooser_.Next(targets);
      if (step.op == Op::kStartChild) {
        Keep(step.plan);
        step.plan = plans_.at(step.plan.id);  // what has had this id once has it for ever
      }
      done_.push_back(step);
      world_->Do(step);
    }
    runtime_.RunUntilIdle();
    return world_->Look();
  }

  std::string End() override {
    world_->Do(EndOfTree());
    runtime_.Advance(absl::Seconds(random_.Below(2)));
    std::string wrong = world_->Look();
    if (!wrong.empty()) return wrong;
    runtime_.Advance(absl::Minutes(1));
    // The owner of a tree that hasn't started is gone already.
    world_->Do({.op = Op::kEndOwner});
    runtime_.Advance(absl::Minutes(10));
    return CheckGone();
  }

 private:
  // What runs, the top first.
  std::vector<Target> Targets() {
    std::map<int, Target> by_id;
    if (plans_.empty()) Keep(plan_);
    for (const auto& [pid, record] : world_->records()) {
      if (record.is_started && world_->PidOf(record.id) == pid)
        by_id[record.id] = {.id = record.id, .plan = &plans_.at(record.id), .children = {}};
    }
    for (const auto& [pid, record] : world_->records()) {
      const Record* parent = world_->RecordOf(record.parent);
      if (parent == nullptr) continue;
      if (auto found = by_id.find(parent->id); found != by_id.end())
        found->second.children.push_back(record.id);
    }
    std::vector<Target> targets;
    for (auto& [id, target] : by_id) {
      std::ranges::sort(target.children);
      targets.push_back(std::move(target));
    }
    return targets;
  }

  void Keep(const Plan& plan) {
    plans_.try_emplace(plan.id, plan);
    for (const Plan& child : plan.children) Keep(child);
  }

  std::map<int, Plan> plans_;  // of all that there have been
};

// Runs trees of the seeds from 1 on until so many steps have been done.
void SoakTrees(int64_t steps, const std::function<std::unique_ptr<Soak>(uint64_t seed)>& make) {
  const BadLog bad_log;
  uint64_t seed = 1;
  const char* const only = std::getenv("HYDRA_TEST_SEED");
  if (only != nullptr) seed = std::strtoull(only, nullptr, 10);
  int64_t done = 0;
  for (; done < steps; ++seed) {
    const std::unique_ptr<Soak> soak = make(seed);
    std::string wrong = soak->Run(kMaxSteps);
    if (wrong.empty()) wrong = bad_log.text();
    done += std::max<int64_t>(soak->steps(), 1);
    ASSERT_TRUE(wrong.empty()) << "HYDRA_TEST_SEED=" << seed << ", step " << done
                               << " of all: " << wrong;
    if (only != nullptr) return;
  }
}

TEST(SoakTest, DoesWhatIsForetold) {
  SoakTrees(Rounds(1'000'000), [](uint64_t seed) {
    constexpr Climate kClimates[] = {
        {.kills = true},
        {.backoff = true, .kills = true},
        {.slow = true, .unlinks = true},
        {.backoff = true, .names = true, .unlinks = true},
    };
    return std::make_unique<ForetoldSoak>(seed, kClimates[seed % 4]);
  });
}

TEST(SoakTest, HoldsTogether) {
  SoakTrees(Rounds(1'000'000), [](uint64_t seed) {
    return std::make_unique<WildSoak>(
        seed,
        Climate{.backoff = true, .slow = true, .names = true, .unlinks = true, .kills = true});
  });
}

}  // namespace
}  // namespace hydra::supervisor_model
