// Plans of trees of supervisors, and what is done to the trees: plain data, from which both the model and
// the real tree are made.
#ifndef HYDRA_SUPERVISOR_MODEL_PLAN_H_
#define HYDRA_SUPERVISOR_MODEL_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "hydra/process/exit_reason.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra::supervisor_model {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  uint64_t Below(uint64_t limit) { return engine_() % limit; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  template <typename T>
  T OneOf(std::initializer_list<T> choices) {
    return *(choices.begin() + Below(choices.size()));
  }

 private:
  std::mt19937_64 engine_;
};

enum class Kind : uint8_t { kServer, kProcess, kSupervisor, kDynamicSupervisor };
inline bool IsSupervisor(Kind kind) {
  return kind == Kind::kSupervisor || kind == Kind::kDynamicSupervisor;
}

// What comes of a start.
enum class Outcome : uint8_t {
  kStarts,
  kIgnored,
  kRefused,  // Init returns an error
  kStops,    // Init ends the server
  kThrows,   // the start function throws
};

// A process, and all that is below it.
struct Plan {
  int id = 0;  // of all that there are and will be in its tree
  Kind kind = Kind::kServer;
  Restart restart = Restart::kPermanent;
  std::optional<Shutdown> shutdown;
  bool significant = false;
  std::optional<Backoff> backoff;  // without jitter

  // ---- Of a worker.
  bool traps = false;
  // Of a server.
  bool named = false;
  absl::Duration start_takes;
  absl::Duration end_takes;  // unless it is killed; only if it traps exits

  // ---- Of a supervisor.
  SupervisorOptions options;
  size_t max_children = 0;  // of a DynamicSupervisor, which begins with no children
  std::vector<Plan> children;
};

// The name of a process, and its id as a child.
std::string NameOf(int id);
int IdOf(const std::string& name);

// What there may be in a tree. What excludes each other in a tree whose every step is foretold, since the
// order of what happens would be anybody's guess, may all be there in others.
struct Climate {
  bool backoff = false;
  bool slow = false;     // workers take time to start and to end
  bool names = false;    // workers have names
  bool unlinks = false;  // workers unlink themselves from their supervisors
  bool kills = false;    // supervisors are killed
};

// Makes plans with new ids.
class Planner {
 public:
  Planner(Random* random, Climate climate) : random_(*random), climate_(climate) {}

  Plan Tree();
  // One that can be added to the supervisor.
  Plan ChildOf(const Plan& supervisor) { return Child(supervisor, /*depth=*/2); }

 private:
  Plan Child(const Plan& parent, int depth);
  void MakeWorker(Plan& plan);
  void MakeSupervisor(Plan& plan, int depth);

  Random& random_;
  const Climate climate_;
  int last_id_ = 0;
};

// What comes of the next starts.
class Fates {
 public:
  void Set(int id, Outcome outcome, int times) { fates_[id] = {outcome, times}; }
  // The outcome of a start that is made now.
  Outcome Take(int id);

 private:
  struct Fate {
    Outcome outcome;
    int times;
  };
  std::map<int, Fate> fates_;
};

enum class Op : uint8_t {
  kCrash,       // a worker ends by itself, with `reason`
  kThrow,       // a server ends by an exception
  kKill,        // whatever it is
  kStranger,    // it gets an exit signal with `reason` from nobody it knows
  kStop,        // a server is stopped with `reason`
  kUnlink,      // a worker unlinks itself from its supervisor
  kFate,        // the next `times` starts of `child` have `outcome`
  kStartChild,  // with kFate's, if `times` > 0
  kTerminateChild,
  kRestartChild,
  kDeleteChild,
  kGetChildSpec,
  kAdvance,
  kEndOwner,  // whoever has started the tree ends
};

struct Step {
  Op op = Op::kAdvance;
  int who = 0;  // whom it is done to
  int child = 0;
  ExitReason reason = {};
  Plan plan = {};  // of the child that is started
  Outcome outcome = Outcome::kStarts;
  int times = 0;
  absl::Duration time = absl::ZeroDuration();
};

std::string ToString(const Plan& plan);
std::string ToString(const Step& step);

}  // namespace hydra::supervisor_model

#endif  // HYDRA_SUPERVISOR_MODEL_PLAN_H_
