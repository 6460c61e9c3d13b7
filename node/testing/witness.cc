#include "hydra/node/testing/witness.h"

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/process.h"

namespace hydra::node_testing {
namespace {

struct Called {};
struct CallEnded {
  bool is_lost;
};

Async<> Call(Pid whom, Pid witness) {
  PendingRequest<Riddle> request = SendRequest(whom, Riddle{});
  Send(witness, Called{});
  const absl::StatusOr<int64_t> answer = co_await request.Receive();
  Send(witness, CallEnded{ExitReasonOf(answer.status()) == ExitReason::NoConnection()});
}

// What a witness has seen, and has still to see.
struct Evidence {
  explicit Evidence(std::string of_node) : node(std::move(of_node)) {}

  const std::string node;
  absl::flat_hash_set<Pid> linked;
  absl::flat_hash_set<Ref> monitors;
  size_t calls = 0;
  bool is_down = false;
  Testimony testimony;

  bool is_complete() const { return linked.empty() && monitors.empty() && calls == 0 && is_down; }
  void Count(bool is_right, int64_t Testimony::* field) {
    ++(testimony.*(is_right ? field : &Testimony::wrong));
  }
  void Take(const ExitSignal& exit) {
    Count(linked.erase(exit.from) > 0 && exit.reason == ExitReason::NoConnection(),
          &Testimony::exits);
  }
  void Take(const Down& down) {
    Count(monitors.erase(down.ref) > 0 && down.reason == ExitReason::NoConnection(),
          &Testimony::downs);
  }
  void Take(const CallEnded& ended) {
    --calls;
    Count(ended.is_lost, &Testimony::failed_calls);
  }
  void Take(const NodeDown& down) {
    if (down.node != node) return;
    if (is_down || !linked.empty() || !monitors.empty()) ++testimony.wrong;
    is_down = true;
  }
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Testimony& testimony) {
  return out << testimony.exits << " exits, " << testimony.downs << " downs, "
             << testimony.failed_calls << " failed calls, " << testimony.wrong << " wrong";
}

Async<> Witness(std::vector<Pid> whom, ReplyTo<Watch> watch) {
  TrapExit(true);
  Evidence evidence(NodeOf(whom.front().home()).name);
  for (const Pid& pid : whom) {
    Link(pid);
    evidence.linked.insert(pid);
    evidence.monitors.insert(Monitor(pid));
    Spawn(Call, pid, Self());
  }
  for (; evidence.calls < whom.size(); ++evidence.calls) co_await Receive<Called>();
  MonitorNodes(true);
  co_await IsAlive(whom.back());  // so all that was said before has come, too
  watch.Send(Self());
  std::vector<Asked<Testify>> waiting;
  Incoming incoming;
  while (co_await incoming.Next()) {
    if (incoming.Is<ExitSignal>()) {
      evidence.Take(incoming.Take<ExitSignal>());
    } else if (incoming.Is<Down>()) {
      evidence.Take(incoming.Take<Down>());
    } else if (incoming.Is<CallEnded>()) {
      evidence.Take(incoming.Take<CallEnded>());
    } else if (incoming.Is<NodeDown>()) {
      evidence.Take(incoming.Take<NodeDown>());
    } else if (incoming.Is<Asked<Testify>>()) {
      waiting.push_back(incoming.Take<Asked<Testify>>());
    } else if (!incoming.Is<NodeUp>()) {
      ++evidence.testimony.wrong;
    }
    std::erase_if(waiting, [&evidence](Asked<Testify>& asked) {
      if (asked.request.when_complete && !evidence.is_complete()) return false;
      asked.reply_to.Send(evidence.testimony);
      return true;
    });
  }
}

}  // namespace hydra::node_testing
