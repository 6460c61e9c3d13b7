// SimulatedActors: the processes of simulated nodes, which send, ask, link, monitor and end as they are told, and a record of
// what each did and was told. What must never be is said to be wrong at once; see verdict.h for what must be in the end.
#ifndef HYDRA_NODE_TESTING_SIMULATED_ACTORS_H_
#define HYDRA_NODE_TESTING_SIMULATED_ACTORS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "hydra/node/testing/schedule.h"
#include "hydra/node/testing/simulated_nodes.h"
#include "hydra/process/process.h"

namespace hydra::node_testing {

struct Numbered {
  static constexpr std::string_view kWireName = "sim.Numbered";
  Pid from;
  int64_t number;
  std::string ballast;
};

struct Question {
  static constexpr std::string_view kWireName = "sim.Question";
  using Reply = int64_t;
  int64_t number;
};

// A process: what is noted of it. All times are the schedule's.
struct Actor {
  struct Pledged {
    int64_t number;
    PendingRequest<Question> answer;
  };
  // What the process itself has.
  struct Own {
    std::vector<Pledged> pending;
    std::deque<Asked<Question>> asked;
  };
  // What it has to do with another.
  struct Bond {
    struct Sent {
      int64_t when;
      bool amid;
    };
    std::vector<Sent> sent;         // by number - 1
    std::vector<int64_t> received;  // numbers
    std::vector<int64_t> told;      // when: of a loss or an end
    Ref sentinel;                   // the monitor that is there while it sends
    int64_t links = 0;
    int64_t unlinks = 0;
    int64_t link_exits = 0;
    int64_t linked_at = 0;     // the last Link, 0: none that counts
    bool linked_amid = false;  // see Actor::amid
  };

  int node = 0;
  int life = 0;       // of the node
  size_t number = 0;  // among all
  Pid pid;
  bool gone = false;  // it has ended, or its node has
  Own* own = nullptr;
  std::map<std::string, bool> up;
  // Others have gone on in the midst of its act, or since it took in what came before: what it begins may be younger than
  // the NodeDowns that it takes next.
  bool amid = false;
  std::set<Ref> begun_amid;  // monitors
  std::map<Actor*, Bond> bonds;
  std::map<Ref, Actor*> monitors;  // that are active
  std::set<Ref> over;              // those that aren't any more
  int64_t asked = 0;
  int64_t answered = 0;
};

// "b2/3": the third of all, on the second b.
struct NameOf {
  explicit NameOf(const Actor& of) : actor(of) {}
  friend std::ostream& operator<<(std::ostream& out, const NameOf& name);

  const Actor& actor;
};

// Somebody has asked for a connection.
struct Attempt {
  Actor* who;
  std::optional<absl::Status> outcome;
};

// Thread safety: everything on one thread.
class SimulatedActors {
 public:
  static constexpr int kOnEachNode = 2;

  SimulatedActors(Schedule& schedule, SimulatedNodes& nodes);
  SimulatedActors(const SimulatedActors&) = delete;
  SimulatedActors& operator=(const SimulatedActors&) = delete;

  // From now on nothing is to be lost; or that is over.
  void set_nothing_is_lost(bool is_so) { nothing_is_lost_ = is_so; }
  bool nothing_is_lost() const { return nothing_is_lost_; }

  // A node has been started, and is given its actors; or ends now.
  void NodeBegins(int node);
  void NodeEnds(int node);
  // The process was interrupted: see Actor::amid.
  void Interrupt(const Pid& pid);

  // Null for one that is none.
  Actor* Find(const Pid& pid) const;
  // Those that live on a node; all that do; all that have ever been.
  const std::vector<Actor*>& On(int node) const { return on_[node]; }
  std::vector<Actor*> Alive() const;
  const std::vector<std::unique_ptr<Actor>>& all() const { return all_; }
  const std::vector<std::shared_ptr<Attempt>>& attempts() const { return attempts_; }

  Actor* Any();
  // One on another node, now and then one that is gone.
  Actor* AnyElsewhere(const Actor& self);

  // ---- What an actor does when it has a turn.

  // Sends the next number, in a message with so much ballast or as the reason of an Exit; monitors the other meanwhile.
  void LetSend(Actor* self, Actor* other, bool as_exit, size_t ballast);
  std::shared_ptr<Attempt> LetConnect(Actor* self, int node);
  void LetDisconnect(Actor* self, int node);
  void LetLink(Actor* self, Actor* other);
  void LetUnlink(Actor* self, Actor* other);
  void LetMonitor(Actor* self, Actor* other);
  // Ends one of its monitors.
  void LetDemonitor(Actor* self);
  void LetAsk(Actor* self, Actor* other);
  // Answers all that it was asked.
  void LetAnswer(Actor* self);
  // Ends. Another takes its place.
  void LetEnd(Actor* self);

 private:
  struct Act {
    std::function<void(Actor::Own&)> what;
  };

  static Async<> Body(SimulatedActors* actors, Actor* self);
  void Begin(int node);
  void Let(Actor* self, std::function<void(Actor::Own&)> what);
  Ref MonitorAndNote(Actor& self, Actor* other);
  void Connect(const std::shared_ptr<Attempt>& attempt, const std::string& node);

  void Take(Actor& self, Actor::Own& own, Message& message);
  void TakeUp(Actor& self, const NodeUp& up);
  void TakeNodeDown(Actor& self, const NodeDown& down);
  void TakeNumber(Actor& self, Actor& other, int64_t number);
  void TakeExit(Actor& self, const ExitSignal& exit);
  void TakeDown(Actor& self, const Down& down);
  void TakeAnswer(Actor& self, Actor::Own& own, Message& message);
  bool IsOn(const Actor& other, const Actor& self, const std::string& node) const;

  Schedule& schedule_;
  SimulatedNodes& nodes_;
  bool nothing_is_lost_ = false;
  std::vector<std::unique_ptr<Actor>> all_;
  std::vector<std::vector<Actor*>> on_;
  std::map<Pid, Actor*> by_pid_;
  std::vector<std::shared_ptr<Attempt>> attempts_;
};

}  // namespace hydra::node_testing

#endif  // HYDRA_NODE_TESTING_SIMULATED_ACTORS_H_
