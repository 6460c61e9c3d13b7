#include "hydra/node/testing/simulated_nodes.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/node/internal/cluster.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/fake_links.h"
#include "hydra/node/testing/schedule.h"
#include "hydra/process/pid.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/transport.h"

namespace hydra::node_testing {
namespace {

using node_internal::Cluster;

constexpr int kFirstPort = 4001;

// Lets things happen before the cluster is told what a process does.
class SlowTransport final : public Transport {
 public:
  SlowTransport(std::shared_ptr<Transport> transport, std::function<void(const Pid&)> meanwhile)
      : transport_(std::move(transport)), meanwhile_(std::move(meanwhile)) {}

  bool Send(const std::string& node, Envelope envelope) override {
    meanwhile_(envelope.sender);
    return transport_->Send(node, std::move(envelope));
  }
  void Connect(const std::string& node) override { transport_->Connect(node); }
  size_t max_message_bytes() const override { return transport_->max_message_bytes(); }

 private:
  const std::shared_ptr<Transport> transport_;
  const std::function<void(const Pid&)> meanwhile_;
};

}  // namespace

SimulatedNodes::SimulatedNodes(Schedule& schedule, int count, int stranger, Interrupted interrupted)
    : schedule_(schedule),
      stranger_(stranger),
      interrupted_(std::move(interrupted)),
      nodes_(static_cast<size_t>(count)) {}

int SimulatedNodes::port(int node) const { return kFirstPort + node; }

void SimulatedNodes::Start(int node) {
  Node& started = nodes_[node];
  ++started.life;
  started.runtime = std::make_unique<ManualRuntime>(
      ManualRuntimeOptions{.seed = schedule_.Pick(1000) + 1, .max_processes = 1024});
  NodeOptions options;
  // Nodes of other schedules would be former lives of those of this one.
  options.name = Cat(static_cast<char>('a' + node), schedule_.seed());
  options.cookie = is_stranger(node) ? "wrong" : "right";
  options.handshake_timeout = kHandshake;
  options.tick_time = kTick;
  options.max_buffered_bytes = 2000;
  auto cluster = Cluster::Start(*started.runtime, options, network_.OpenAt(port(node)),
                                [this, node](std::shared_ptr<Transport> transport) {
                                  return Around(node, std::move(transport));
                                });
  HYDRA_CHECK(cluster.ok()) << cluster.status();
  started.cluster = *std::move(cluster);
  started.name = started.cluster->name();
}

void SimulatedNodes::Finish(int node, End how) {
  Node& finished = nodes_[node];
  if (finished.cluster == nullptr) return;
  if (how == End::kStop) {
    finished.cluster->Stop();
  } else {
    network_.Kill(port(node), /*silent=*/how == End::kSilentlyKill);
  }
  finished.cluster = nullptr;
  finished.runtime = nullptr;
}

std::shared_ptr<Transport> SimulatedNodes::Around(int node, std::shared_ptr<Transport> transport) {
  return std::make_shared<SlowTransport>(std::move(transport), [this, node](const Pid& sender) {
    if (Meanwhile(node)) interrupted_(sender);
  });
}

bool SimulatedNodes::Meanwhile(int node) {
  if (is_meanwhile_ || nodes_[node].cluster == nullptr || schedule_.Pick(20) != 0) return false;
  is_meanwhile_ = true;
  ManualRuntime::Meanwhile([this, node] {
    for (size_t left = 1 + schedule_.Pick(schedule_.Pick(4) == 0 ? 200 : 20); left > 0; --left) {
      const size_t other = schedule_.Pick(2 * nodes_.size());
      if (other < nodes_.size() && static_cast<int>(other) != node &&
          nodes_[other].cluster != nullptr)
        nodes_[other].runtime->RunOne();
      else
        network_.DeliverOne(schedule_.picker());
    }
  });
  is_meanwhile_ = false;
  return true;
}

void SimulatedNodes::Advance(absl::Duration time) {
  for (Node& node : nodes_) node.runtime->Advance(time);
  passed_ += time;
}

void SimulatedNodes::Calm() {
  for (size_t left = 1'000'000;; --left) {
    if (left == 0) return schedule_.Wrong("the nodes never rest");
    bool goes_on = false;
    if (schedule_.Pick(2) == 0) goes_on = network_.DeliverOne(schedule_.picker());
    for (Node& node : nodes_)
      goes_on = (schedule_.Pick(2) == 0 && node.runtime->RunOne()) || goes_on;
    if (goes_on) continue;
    goes_on = network_.DeliverOne(schedule_.picker());
    for (Node& node : nodes_) goes_on = node.runtime->RunOne() || goes_on;
    if (!goes_on) return;
  }
}

void SimulatedNodes::Let(absl::Duration time, absl::Duration step) {
  Calm();
  for (absl::Duration passed; passed < time; passed += step) {
    Advance(step);
    Calm();
  }
}

}  // namespace hydra::node_testing
