#include "hydra/node/testing/simulation.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "hydra/node/internal/cluster.h"
#include "hydra/node/testing/fake_links.h"
#include "hydra/node/testing/schedule.h"
#include "hydra/node/testing/simulated_actors.h"
#include "hydra/node/testing/simulated_nodes.h"
#include "hydra/node/testing/verdict.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/manual_runtime.h"

namespace hydra::node_testing {
namespace {

constexpr absl::Duration kHandshake = SimulatedNodes::kHandshake;
constexpr absl::Duration kTick = SimulatedNodes::kTick;
// A calm simulation takes no longer than this: no handshake and no Try takes too long in it.
constexpr absl::Duration kCalm = absl::Milliseconds(900);

// What kind of simulation it is.
struct Kind {
  int nodes;
  bool is_calm;  // nothing ever goes wrong
  int stranger;  // -1 for none
};

Kind PickKind(Schedule& schedule) {
  const int nodes = 2 + static_cast<int>(schedule.Pick(2));
  const bool is_calm = schedule.Pick(4) == 0;
  const bool has_stranger = !is_calm && nodes == 3 && schedule.Pick(3) == 0;
  return {.nodes = nodes, .is_calm = is_calm, .stranger = has_stranger ? 2 : -1};
}

class Simulation {
 public:
  Simulation(Schedule& schedule, const Kind& kind)
      : schedule_(schedule),
        nodes_(schedule, kind.nodes, kind.stranger,
               [this](const Pid& process) { actors_.Interrupt(process); }),
        actors_(schedule, nodes_),
        verdict_(schedule, nodes_, actors_) {
    actors_.set_nothing_is_lost(kind.is_calm);
  }

  ~Simulation() {
    for (int node = 0; node < nodes_.count(); ++node)
      nodes_.Finish(node, SimulatedNodes::End::kStop);
  }
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  void Run() {
    for (int node = 0; node < nodes_.count(); ++node) Start(node);
    for (size_t left = 20 + schedule_.Pick(150); left > 0 && !schedule_.is_wrong(); --left) Step();
    if (!schedule_.is_wrong()) Settle();
  }

 private:
  bool is_calm() const { return actors_.nothing_is_lost(); }
  LinkNetwork& network() { return nodes_.network(); }

  void Start(int node) {
    nodes_.Start(node);
    actors_.NodeBegins(node);
  }
  void Restart(int node, SimulatedNodes::End how) {
    actors_.NodeEnds(node);
    nodes_.Finish(node, how);
    Start(node);
  }

  // ---- Steps.

  void Step() {
    schedule_.Tick();
    const size_t what = schedule_.Pick(100);
    if (what < 45) {
      for (size_t left = 1 + schedule_.Pick(8); left > 0; --left)
        network().DeliverOne(schedule_.picker());
    } else if (what < 70) {
      ManualRuntime& runtime = nodes_.runtime(nodes_.any());
      for (size_t left = 1 + schedule_.Pick(4); left > 0; --left) runtime.RunOne();
    } else if (what < 94) {
      Act();
    } else if (is_calm()) {
      const absl::Duration time = absl::Milliseconds(schedule_.Pick(30));
      if (nodes_.passed() + time < kCalm) nodes_.Advance(time);
    } else {
      Fault();
    }
  }

  void Act() {
    Actor* self = actors_.Any();
    Actor* other = actors_.AnyElsewhere(*self);
    switch (schedule_.Pick(12)) {
      case 0:
      case 1:
        actors_.LetConnect(self, other->node);
        if (schedule_.Pick(2) == 0) actors_.LetConnect(actors_.On(other->node)[0], self->node);
        return;
      case 2:
      case 3:
      case 4:
        return SendSome(self, other);
      case 5:
        return actors_.LetLink(self, other);
      case 6:
        return actors_.LetUnlink(self, other);
      case 7:
        return actors_.LetMonitor(self, other);
      case 8:
        return actors_.LetDemonitor(self);
      case 9:
        return actors_.LetAsk(self, other);
      case 10:
        return actors_.LetAnswer(self);
      default:
        if (is_calm() || schedule_.Pick(2) != 0) return;
        if (schedule_.Pick(2) != 0) return actors_.LetEnd(self);
        actors_.LetDisconnect(self, other->node);
        if (schedule_.Pick(2) == 0) actors_.LetConnect(self, other->node);
    }
  }

  // Small ones, and now and then some that fill what is buffered, or are cut into pieces.
  void SendSome(Actor* self, Actor* other) {
    for (size_t left = 1 + schedule_.Pick(3); left > 0; --left) {
      const bool as_exit = schedule_.Pick(6) == 0;
      const size_t ballast = schedule_.Pick(60) == 0 ? 70'000 : schedule_.Pick(8) == 0 ? 1500 : 0;
      actors_.LetSend(self, other, as_exit, ballast);
    }
  }

  void Fault() {
    switch (schedule_.Pick(12)) {
      case 0:
        schedule_.Trace("cut");
        network().Cut(schedule_.picker());
        return;
      case 1:
        schedule_.Trace("stall");
        network().Stall(schedule_.picker(), /*both=*/schedule_.Pick(2) == 0);
        return;
      case 2:
        return network().Heal(/*lost=*/schedule_.Pick(2) == 0);
      case 3:
        return network().Refuse(nodes_.port(0), nodes_.port(1), schedule_.Pick(2) == 0);
      case 4:
        network().Tamper(schedule_.picker());
        return;
      case 5:
        if (schedule_.Pick(2) != 0) RestartAny();
        return;
      case 6:
      case 7:
        return nodes_.Advance(absl::Milliseconds(schedule_.Pick(2500)));
      case 8:
        // One clock goes faster.
        return nodes_.runtime(nodes_.any()).Advance(absl::Milliseconds(schedule_.Pick(1000)));
      default:
        return nodes_.Advance(absl::Milliseconds(schedule_.Pick(60)));
    }
  }

  void RestartAny() {
    const int node = nodes_.any();
    const auto how = static_cast<SimulatedNodes::End>(schedule_.Pick(3));
    schedule_.Trace("restart ", node, " ", static_cast<int>(how));
    Restart(node, how);
  }

  // ---- The end.

  void Settle() {
    if (is_calm()) {
      nodes_.Calm();
    } else {
      network().Heal(/*lost=*/schedule_.Pick(2) == 0);
      schedule_.Trace("healed");
      nodes_.Let(2 * kTick + 2 * kHandshake);
    }
    verdict_.OnAttempts();  // a later one would hide that one has come to nothing
    Reconnect();
    Farewell();
    if (schedule_.is_wrong()) return;
    actors_.set_nothing_is_lost(false);
    if (schedule_.Pick(4) == 0) Replace();
    if (!schedule_.is_wrong()) LeaveNothing();
  }

  void Reconnect() {
    std::vector<std::shared_ptr<Attempt>> attempts;
    for (int i = 0; i < nodes_.count(); ++i) {
      for (int j = 0; j < nodes_.count(); ++j) {
        if (i == j || !nodes_.AreOfOneCluster(i, j)) continue;
        if (i > j && schedule_.Pick(2) == 0) continue;
        attempts.push_back(actors_.LetConnect(actors_.On(i)[0], j));
      }
    }
    nodes_.Calm();
    for (const auto& attempt : attempts) {
      if (!attempt->outcome.has_value())
        schedule_.Wrong("Connect has no outcome although all is well");
      else if (!attempt->outcome->ok())
        schedule_.Wrong("Connect fails although all is well: ", attempt->outcome->ToString());
    }
    verdict_.OnConnections();
    if (!is_calm() && !schedule_.is_wrong()) StayConnected();
  }

  // NOD11: nodes that have nothing to say stay connected.
  void StayConnected() {
    const auto before = UpViews();
    schedule_.Trace("idle");
    nodes_.Let(2 * kTick);
    if (UpViews() != before) schedule_.Wrong("an idle connection was lost");
    verdict_.OnConnections();
  }

  std::vector<std::map<std::string, bool>> UpViews() const {
    std::vector<std::map<std::string, bool>> views;
    for (int node = 0; node < nodes_.count(); ++node) {
      for (const Actor* actor : actors_.On(node)) views.push_back(actor->up);
    }
    return views;
  }

  // Everybody is heard, and answered.
  void Farewell() {
    if (schedule_.is_wrong()) return;
    for (Actor* self : actors_.Alive()) {
      actors_.LetAnswer(self);
      for (Actor* other : actors_.Alive()) {
        if (other->node != self->node && nodes_.AreOfOneCluster(self->node, other->node))
          actors_.LetSend(self, other, /*as_exit=*/false, /*ballast=*/0);
      }
    }
    nodes_.Calm();
    if (nodes_.has_stranger()) nodes_.Let(2 * kHandshake);
    for (Actor* self : actors_.Alive()) actors_.LetAnswer(self);
    nodes_.Calm();
    verdict_.OnMessages();
    verdict_.OnBonds();
  }

  // NOD5: a node starts again while others believe that they have a connection with it.
  void Replace() {
    int node = nodes_.any();
    if (nodes_.is_stranger(node)) node = 0;
    schedule_.Trace("replaces ", node);
    Restart(node, SimulatedNodes::End::kSilentlyKill);
    for (int other = 0; other < nodes_.count(); ++other) {
      if (other == node || nodes_.is_stranger(other)) continue;
      const auto attempt = actors_.LetConnect(actors_.On(node)[0], other);
      nodes_.Let(kHandshake, /*step=*/kHandshake / 8);
      if (!attempt->outcome.has_value() || !attempt->outcome->ok())
        schedule_.Wrong("a node that has started again isn't let in");
    }
  }

  void LeaveNothing() {
    for (int node = 0; node < nodes_.count(); ++node) {
      for (int other = 0; other < nodes_.count(); ++other)
        nodes_.cluster(node)->Disconnect(nodes_.name(other)).IgnoreError();
    }
    nodes_.Let(2 * kTick + 2 * kHandshake);
    network().TimeOut();
    nodes_.Calm();
    verdict_.OnWhatIsLeft();
  }

  Schedule& schedule_;
  SimulatedNodes nodes_;
  SimulatedActors actors_;
  Verdict verdict_;
};

}  // namespace

std::string Simulate(uint64_t seed, std::ostream* trace) {
  Schedule schedule(seed, trace);
  Simulation(schedule, PickKind(schedule)).Run();
  return schedule.wrong();
}

}  // namespace hydra::node_testing
