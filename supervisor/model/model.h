// What becomes of a tree of supervisors when one thing after the other is done to it, by the rules of
// docs/semantics.md §10 and §11, without processes. Simple rather than fast: this is what the real supervisors
// are compared with.
#ifndef HYDRA_SUPERVISOR_MODEL_MODEL_H_
#define HYDRA_SUPERVISOR_MODEL_MODEL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/process/exit_reason.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/model/plan.h"

namespace hydra::supervisor_model {

// Something that is seen of a process.
struct Event {
  absl::Duration at;  // since the beginning
  char what = 0;  // '+' started, '-' ended (workers only), '~' ignored its start, '!' didn't start
  int id = 0;

  friend bool operator==(const Event&, const Event&) = default;
  friend bool operator<(const Event& a, const Event& b) {
    return std::tie(a.at, a.what, a.id) < std::tie(b.at, b.what, b.id);
  }
};
std::string ToString(const Event& event);

// A child, or the supervisor at the top.
struct Node {
  Node(Plan of, Node* below) : plan(std::move(of)), parent(below) {}

  size_t IndexOf(const Node& child) const;

  Plan plan;
  Node* parent;
  ChildState state = ChildState::kStopped;
  uint64_t serial = 0;  // which of its starts it runs by, from 1
  uint64_t restarts = 0;
  bool unlinked = false;
  bool unseen = false;  // it has unlinked itself, and ended: its supervisor doesn't know
  std::vector<std::unique_ptr<Node>> children;

  int restarts_in_a_row = 0;
  absl::Duration started;
  std::optional<absl::Duration> retry;          // when it is to be started
  std::vector<absl::Duration> restarts_of_own;  // those of its children
};

class Model {
 public:
  explicit Model(Plan plan) : root_(std::move(plan), nullptr) {}

  // Starts the tree. Only fates can be set before.
  void Start();
  // Does a step that can be done. Yields what is answered, if anybody is asked.
  absl::StatusCode Do(const Step& step);

  const Node& root() const { return root_; }
  bool is_running() const { return root_.state == ChildState::kRunning; }
  // Why it isn't, if it has been.
  const std::optional<ExitReason>& reason() const { return reason_; }
  absl::Duration now() const { return now_; }
  Node* Find(int id);

  // What has happened since the last call. What is in one group may happen in any order.
  std::vector<std::vector<Event>> TakeEvents();

  // Whether two things have been due at the same time: the model is of no use from then on.
  bool is_ambiguous() const { return is_ambiguous_; }

 private:
  void Note(char what, int id);

  Outcome StartProcess(Node& node);
  Outcome Start(Node& node);
  void EndProcess(Node& node);
  void End(Node& node);
  void EndChildren(Node& supervisor);
  void DropChildren(Node& supervisor);
  static void Remove(Node& node);

  void Ended(Node& node, const ExitReason& reason);
  void StayEnded(Node& node);
  void Restart(Node& node);
  void GiveUp(Node& supervisor);
  void RestartLater(Node& node);
  void EndThoseWith(Node& node);
  Node* StartThoseWith(Node& node);
  void RunRetries(absl::Duration until);

  void Crash(Node& node, const ExitReason& reason);
  void Kill(Node& node);
  void Stop(Node& node, const ExitReason& reason);
  absl::StatusCode StartChild(Node& supervisor, const Plan& plan);
  absl::StatusCode TerminateChild(Node* child);
  absl::StatusCode RestartChild(Node* child);
  absl::StatusCode DeleteChild(Node* child);

  Node root_;
  std::optional<ExitReason> reason_;
  Fates fates_;
  std::map<int, uint64_t> starts_;
  absl::Duration now_;
  std::vector<std::vector<Event>> events_;
  int together_ = 0;           // > 0: what happens belongs to the last group
  bool is_unordered_ = false;  // nothing that happens in this step has an order
  bool is_ambiguous_ = false;
};

}  // namespace hydra::supervisor_model

#endif  // HYDRA_SUPERVISOR_MODEL_MODEL_H_
