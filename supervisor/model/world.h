// A tree of real supervisors, made from a plan, that a test looks at from outside.
//
//   World world(&runtime, plan);
//   world.Start();
//   runtime.RunUntilIdle();
//   world.Do({.op = Op::kKill, .who = 3});
//   runtime.RunUntilIdle();
//   std::string wrong = world.Look();          // what doesn't fit together; nothing if all does
//
// Every start function and every worker tells the world what happens to it, whatever the supervisors say.
#ifndef HYDRA_SUPERVISOR_MODEL_WORLD_H_
#define HYDRA_SUPERVISOR_MODEL_WORLD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/pid.h"
#include "hydra/process/process_info.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/model/model.h"
#include "hydra/supervisor/model/plan.h"

namespace hydra::supervisor_model {

// What a supervisor says of itself and of its children.
struct Seen {
  int64_t look = 0;  // which look it has answered
  std::vector<ChildInfo> children = {};
  ChildCounts counts = {};
  std::optional<ProcessInfo> info = {};
};

// A process of the tree, alive, or dead and still in the books of its supervisor.
struct Record {
  int id = 0;
  Pid parent = {};
  Kind kind = Kind::kServer;
  bool is_started = false;
  uint64_t serial = 0;  // which of the starts of this id
  bool is_named = false;
  bool is_unlinked = false;
  bool is_ending = false;  // a worker: it takes its time
  std::optional<absl::Duration> orphaned = {};
};

// Thread safety: belongs to the thread that drives the runtime, and must outlive its processes.
class World {
 public:
  World(ManualRuntime* runtime, Plan plan);

  // Starts the tree, soon.
  void Start();
  // Has it done soon. A step whose process isn't there does nothing.
  void Do(const Step& step);

  // What the last step that asks was answered.
  std::optional<absl::StatusCode> answer() const { return answer_; }
  // Why the top has ended.
  const std::optional<ExitReason>& reason() const { return reason_; }
  std::vector<Event> TakeEvents() { return std::exchange(events_, {}); }

  // Since the world was made.
  absl::Duration Now() const { return runtime_.Now() - beginning_; }

  // To be called when the runtime is idle. Asks the supervisors, and says what doesn't fit together.
  std::string Look();
  // What a supervisor has answered to the last look; null if it is busy.
  const Seen* SeenOf(const Pid& supervisor) const;
  const Record* RecordOf(const Pid& pid) const;
  Pid PidOf(int id) const;
  const absl::flat_hash_map<Pid, Record>& records() const { return records_; }
  // Whether nothing is left of the tree. Processes that had unlinked themselves from a supervisor that died
  // are not of it: they are killed when they are seen.
  bool is_gone() const { return records_.empty() && own_.empty(); }

  // ---- What its processes say.

  ChildSpec SpecOf(const Plan& plan);
  Outcome TakeFate(int id) { return fates_.Take(id); }
  void Note(char what, int id);
  void Beginning(const Pid& pid, const Plan& plan, const Pid& parent);
  void Started(const Pid& pid, const Plan& plan, const Pid& parent);
  void Parent(const Pid& supervisor);
  void Top(const Pid& pid);
  void Unlinked(const Pid& pid) { records_[pid].is_unlinked = true; }
  void Ending(const Pid& pid) { records_[pid].is_ending = true; }
  void Ended(const ExitReason& reason) { reason_ = reason; }
  void Answered(absl::StatusCode code) { answer_ = code; }
  void Answered(const Pid& supervisor, Seen seen) { seen_[supervisor] = std::move(seen); }

 private:
  template <typename F, typename... Args>
  Pid SpawnOwn(F body, Args... args);

  void AskSupervisors();
  void ForgetTheDead(const std::vector<Pid>& living);
  std::string CheckProcess(const Pid& pid, Record& record);
  std::string CheckOrphan(const Pid& pid, Record& record);
  std::string CheckSupervisor(const Pid& pid, const Record& record, const Seen& seen) const;
  std::string CheckChild(const Pid& supervisor, const ChildInfo& child) const;
  std::string CheckNames() const;

  ManualRuntime& runtime_;
  const Plan plan_;
  const absl::Time beginning_;
  Fates fates_;
  Pid owner_;
  std::optional<ExitReason> reason_;
  std::optional<absl::StatusCode> answer_;
  std::vector<Event> events_;
  absl::flat_hash_map<Pid, Record> records_;
  absl::flat_hash_map<int, Pid> pids_;  // the last one of each id
  absl::flat_hash_map<int, uint64_t> starts_;
  absl::flat_hash_set<Pid> own_;          // processes that aren't of the tree
  absl::flat_hash_map<Pid, Pid> asking_;  // supervisors, and who waits for an answer of theirs
  absl::flat_hash_map<Pid, Seen> seen_;
  int64_t looks_ = 0;
};

}  // namespace hydra::supervisor_model

#endif  // HYDRA_SUPERVISOR_MODEL_WORLD_H_
