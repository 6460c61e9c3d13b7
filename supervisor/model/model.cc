#include "hydra/supervisor/model/model.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hydra/process/exit_reason.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/model/plan.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra::supervisor_model {
namespace {

using absl::StatusCode;

void ForEach(Node& node, const std::function<void(Node&)>& visit) {
  visit(node);
  for (const auto& child : node.children) ForEach(*child, visit);
}

StatusCode CodeOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kStarts:
    case Outcome::kIgnored:
      return StatusCode::kOk;
    case Outcome::kRefused:
      return StatusCode::kDataLoss;
    case Outcome::kStops:
    case Outcome::kThrows:
      break;
  }
  return StatusCode::kUnavailable;
}

bool IsStartedAnew(hydra::Restart restart, const ExitReason& reason) {
  return restart == hydra::Restart::kPermanent ||
         (restart == hydra::Restart::kTransient && !reason.IsClean());
}

}  // namespace

std::string ToString(const Event& event) {
  return absl::StrCat(std::string(1, event.what), NameOf(event.id), " at ",
                      absl::FormatDuration(event.at));
}

size_t Node::IndexOf(const Node& child) const {
  return std::ranges::find(children, &child, &std::unique_ptr<Node>::get) - children.begin();
}

Node* Model::Find(int id) {
  Node* found = nullptr;
  ForEach(root_, [&](Node& node) {
    if (node.plan.id == id) found = &node;
  });
  return found;
}

void Model::Note(char what, int id) {
  if (events_.empty() || (together_ == 0 && !is_unordered_)) events_.emplace_back();
  events_.back().push_back({now_, what, id});
}

std::vector<std::vector<Event>> Model::TakeEvents() {
  if (is_unordered_) {
    // Also what happened before it was known that it has none.
    std::vector<Event> all;
    for (const auto& group : events_) all.insert(all.end(), group.begin(), group.end());
    events_.clear();
    events_.push_back(std::move(all));
  }
  is_unordered_ = false;
  return std::exchange(events_, {});
}

// ---- Processes.

Outcome Model::StartProcess(Node& node) {
  const int id = node.plan.id;
  if (const Outcome outcome = fates_.Take(id); outcome != Outcome::kStarts) {
    Note(outcome == Outcome::kIgnored ? '~' : '!', id);
    return outcome;
  }
  node.children.clear();
  node.restarts_of_own.clear();
  for (const Plan& plan : node.plan.children)
    node.children.push_back(std::make_unique<Node>(plan, &node));
  for (size_t i = 0; i < node.children.size();) {
    const size_t size = node.children.size();
    if (CodeOf(Start(*node.children[i])) != StatusCode::kOk) {
      EndChildren(node);
      Note('!', id);
      return Outcome::kStops;
    }
    if (node.children.size() == size) ++i;
  }
  now_ += node.plan.start_takes;
  Note('+', id);
  ++starts_[id];
  return Outcome::kStarts;
}

void Model::EndProcess(Node& node) {
  const Shutdown shutdown = node.plan.shutdown.value_or(
      IsSupervisor(node.plan.kind) ? Shutdown::Infinity() : Shutdown::Within(absl::Seconds(5)));
  if (IsSupervisor(node.plan.kind)) {
    if (!shutdown.is_brutal_kill()) return EndChildren(node);
    is_unordered_ = true;
    return DropChildren(node);
  }
  if (node.unseen) return;
  if (node.plan.traps && !shutdown.is_brutal_kill())
    now_ += std::min(node.plan.end_takes, shutdown.limit());
  Note('-', node.plan.id);
}

// Its children have ended, since it has ended without ending them.
void Model::DropChildren(Node& supervisor) {
  for (const auto& child : supervisor.children) {
    if (child->state != ChildState::kRunning || child->unseen) continue;
    DropChildren(*child);
    if (!IsSupervisor(child->plan.kind)) Note('-', child->plan.id);
  }
  supervisor.children.clear();
}

void Model::EndChildren(Node& supervisor) {
  auto& children = supervisor.children;
  if (supervisor.plan.kind == Kind::kSupervisor) {
    for (; !children.empty(); children.pop_back()) End(*children.back());
    return;
  }
  // All at the same time.
  const absl::Duration start = now_;
  absl::Duration last = start;
  if (together_++ == 0) events_.emplace_back();
  for (; !children.empty(); children.pop_back()) {
    now_ = start;
    End(*children.back());
    last = std::max(last, now_);
  }
  --together_;
  now_ = last;
}

// ---- Children.

Outcome Model::Start(Node& node) {
  const Outcome outcome = StartProcess(node);
  if (outcome == Outcome::kStarts) {
    node.state = ChildState::kRunning;
    node.serial = starts_[node.plan.id];
    node.started = now_;
    node.unlinked = false;
    node.unseen = false;
  } else if (outcome == Outcome::kIgnored && node.plan.restart == hydra::Restart::kTemporary) {
    Remove(node);
  }
  return outcome;
}

void Model::End(Node& node) {
  if (node.state == ChildState::kRunning) {
    EndProcess(node);
    if (node.plan.backoff.has_value() && now_ - node.started >= node.plan.backoff->reset_after)
      node.restarts_in_a_row = 0;
  }
  node.state = ChildState::kStopped;
  node.retry.reset();
}

void Model::Remove(Node& node) {
  auto& children = node.parent->children;
  children.erase(children.begin() + node.parent->IndexOf(node));
}

// ---- A process has ended by itself, or has been killed by somebody else.

void Model::Ended(Node& node, const ExitReason& reason) {
  if (node.unlinked) {
    node.unseen = true;
    return;
  }
  if (node.plan.backoff.has_value() && now_ - node.started >= node.plan.backoff->reset_after)
    node.restarts_in_a_row = 0;
  node.state = ChildState::kStopped;
  if (node.parent == nullptr) {
    reason_ = reason;
  } else if (!IsStartedAnew(node.plan.restart, reason)) {
    StayEnded(node);
  } else if (node.plan.backoff.has_value()) {
    EndThoseWith(node);
    RestartLater(node);
  } else {
    Restart(node);
  }
}

void Model::StayEnded(Node& node) {
  Node& parent = *node.parent;
  const AutoShutdown auto_shutdown =
      node.plan.significant ? parent.plan.options.auto_shutdown : AutoShutdown::kNever;
  if (node.plan.restart == hydra::Restart::kTemporary ||
      parent.plan.kind == Kind::kDynamicSupervisor) {
    Remove(node);
  }
  const bool is_last = std::ranges::none_of(parent.children, [](const auto& child) {
    return child->plan.significant && child->state != ChildState::kStopped;
  });
  if (auto_shutdown == AutoShutdown::kAnySignificant ||
      (auto_shutdown == AutoShutdown::kAllSignificant && is_last)) {
    GiveUp(parent);
  }
}

// The node may not be there any more when this returns.
void Model::Restart(Node& node) {
  Node& parent = *node.parent;
  node.state = ChildState::kStopped;
  node.retry.reset();
  auto& restarts = parent.restarts_of_own;
  restarts.push_back(now_);
  std::erase_if(restarts,
                [&](absl::Duration then) { return then < now_ - parent.plan.options.period; });
  if (restarts.size() > parent.plan.options.max_restarts) return GiveUp(parent);
  EndThoseWith(node);
  if (Node* failed = StartThoseWith(node); failed != nullptr) RestartLater(*failed);
}

void Model::GiveUp(Node& supervisor) {
  EndChildren(supervisor);
  Ended(supervisor, ExitReason::Shutdown());
}

void Model::RestartLater(Node& node) {
  absl::Duration delay;
  if (node.plan.backoff.has_value()) {
    delay = node.plan.backoff->initial;
    for (int i = 0; i < node.restarts_in_a_row && delay < node.plan.backoff->max; ++i) delay *= 2;
    delay = std::min(delay, node.plan.backoff->max);
    ++node.restarts_in_a_row;
  }
  node.state = ChildState::kRestarting;
  node.retry = now_ + delay;
}

void Model::EndThoseWith(Node& node) {
  Node& parent = *node.parent;
  if (parent.plan.options.strategy == Strategy::kOneForOne) return;
  const bool all = parent.plan.options.strategy == Strategy::kOneForAll;
  for (size_t i = parent.children.size(); i-- > 0;) {
    Node& other = *parent.children[i];
    if (&other == &node && !all) return;
    if (&other == &node) continue;
    End(other);
    if (other.plan.restart == hydra::Restart::kTemporary) Remove(other);
  }
}

Node* Model::StartThoseWith(Node& node) {
  Node& parent = *node.parent;
  const Strategy strategy = parent.plan.options.strategy;
  size_t first = strategy == Strategy::kOneForAll ? 0 : parent.IndexOf(node);
  const size_t end = strategy == Strategy::kOneForOne ? first + 1 : parent.children.size();
  for (; first < end; ++first) {
    Node& child = *parent.children[first];
    const Outcome outcome = Start(child);
    if (CodeOf(outcome) != StatusCode::kOk) return &child;
    if (outcome == Outcome::kStarts) {
      ++child.restarts;
    } else if (parent.plan.kind == Kind::kDynamicSupervisor) {
      Remove(child);
      break;
    }
  }
  return nullptr;
}

void Model::RunRetries(absl::Duration until) {
  for (;;) {
    Node* next = nullptr;
    ForEach(root_, [&](Node& node) {
      if (!node.retry.has_value()) return;
      if (next != nullptr && *next->retry == *node.retry) is_ambiguous_ = true;
      if (next == nullptr || *node.retry < *next->retry) next = &node;
    });
    if (next == nullptr || *next->retry > std::max(now_, until)) break;
    now_ = std::max(now_, *next->retry);
    Restart(*next);
  }
  now_ = std::max(now_, until);
}

// ---- Steps.

void Model::Start() {
  Start(root_);
  RunRetries(now_);
}

StatusCode Model::Do(const Step& step) {
  Node* const who = Find(step.who);
  Node* child = Find(step.child);
  if (child != nullptr && child->parent != who) child = nullptr;
  StatusCode code = StatusCode::kOk;
  if (step.times > 0) fates_.Set(step.child, step.outcome, step.times);
  switch (step.op) {
    case Op::kFate:
      break;
    case Op::kCrash:
      Crash(*who, step.reason);
      break;
    case Op::kThrow:
      Crash(*who, ExitReason::Error("exception", ""));
      break;
    case Op::kKill:
      Kill(*who);
      break;
    case Op::kStranger:
      if (IsSupervisor(who->plan.kind) || who->plan.traps) break;
      Note('-', who->plan.id);
      Ended(*who, step.reason);
      break;
    case Op::kStop:
      Stop(*who, step.reason);
      break;
    case Op::kUnlink:
      who->unlinked = true;
      break;
    case Op::kStartChild:
      code = StartChild(*who, step.plan);
      break;
    case Op::kTerminateChild:
      code = TerminateChild(child);
      break;
    case Op::kRestartChild:
      code = RestartChild(child);
      break;
    case Op::kDeleteChild:
      code = DeleteChild(child);
      break;
    case Op::kGetChildSpec:
      code = child != nullptr ? StatusCode::kOk : StatusCode::kNotFound;
      break;
    case Op::kAdvance:
      RunRetries(now_ + step.time);
      break;
    case Op::kEndOwner:
      Stop(root_, step.reason);
      break;
  }
  RunRetries(now_);
  return code;
}

void Model::Crash(Node& node, const ExitReason& reason) {
  if (node.plan.kind == Kind::kServer) now_ += node.plan.end_takes;
  Note('-', node.plan.id);
  Ended(node, reason);
}

void Model::Kill(Node& node) {
  if (IsSupervisor(node.plan.kind)) {
    is_unordered_ = true;
    DropChildren(node);
  } else {
    Note('-', node.plan.id);
  }
  Ended(node, ExitReason::Killed());
}

void Model::Stop(Node& node, const ExitReason& reason) {
  if (!IsSupervisor(node.plan.kind)) return Crash(node, reason);
  EndChildren(node);
  Ended(node, reason);
}

StatusCode Model::StartChild(Node& supervisor, const Plan& plan) {
  const bool is_dynamic = supervisor.plan.kind == Kind::kDynamicSupervisor;
  if (is_dynamic && supervisor.children.size() >= supervisor.plan.max_children)
    return StatusCode::kResourceExhausted;
  if (plan.significant && supervisor.plan.options.auto_shutdown == AutoShutdown::kNever)
    return StatusCode::kInvalidArgument;
  for (const auto& child : supervisor.children) {
    if (child->plan.id == plan.id) return StatusCode::kAlreadyExists;
  }
  supervisor.children.push_back(std::make_unique<Node>(plan, &supervisor));
  Node* const child = supervisor.children.back().get();
  const size_t size = supervisor.children.size();
  const Outcome outcome = Start(*child);
  const bool is_kept = outcome == Outcome::kStarts || (outcome == Outcome::kIgnored && !is_dynamic);
  if (!is_kept && supervisor.children.size() == size) Remove(*child);
  return CodeOf(outcome);
}

StatusCode Model::TerminateChild(Node* child) {
  if (child == nullptr) return StatusCode::kNotFound;
  End(*child);
  if (child->plan.restart == hydra::Restart::kTemporary ||
      child->parent->plan.kind == Kind::kDynamicSupervisor) {
    Remove(*child);
  }
  return StatusCode::kOk;
}

namespace {

StatusCode WhyNotEnded(const Node* child) {
  if (child == nullptr) return StatusCode::kNotFound;
  if (child->state == ChildState::kRunning) return StatusCode::kFailedPrecondition;
  if (child->state == ChildState::kRestarting) return StatusCode::kAborted;
  return StatusCode::kOk;
}

}  // namespace

StatusCode Model::RestartChild(Node* child) {
  const StatusCode code = WhyNotEnded(child);
  return code == StatusCode::kOk ? CodeOf(Start(*child)) : code;
}

StatusCode Model::DeleteChild(Node* child) {
  const StatusCode code = WhyNotEnded(child);
  if (code == StatusCode::kOk) Remove(*child);
  return code;
}

}  // namespace hydra::supervisor_model
