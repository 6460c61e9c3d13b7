#include "hydra/registry/internal/publishing.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/base/status_macros.h"
#include "hydra/genserver/protocol.h"
#include "hydra/genserver/server_options.h"
#include "hydra/genserver/start.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/enclosed.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/node_event.h"
#include "hydra/process/nodes.h"
#include "hydra/process/pid.h"
#include "hydra/process/send.h"
#include "hydra/process/transport.h"
#include "hydra/registry/internal/peers.h"
#include "hydra/registry/internal/registry_process.h"
#include "hydra/registry/internal/shared_pids.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra::registry_internal {
namespace {

struct PubSubDiscover {
  static constexpr std::string_view kWireName = "hydra.pubsub.Discover";
  Pid process;
};

struct Published {
  static constexpr std::string_view kWireName = "hydra.pubsub.Published";
  std::string topic;
  Enclosed message;
};

class PubSubProcess {
 public:
  using Protocol = hydra::Protocol<>;
  using Infos = hydra::Infos<ExitSignal, Down, NodeUp, NodeDown, PubSubDiscover, Published>;

  PubSubProcess(std::shared_ptr<Topics> topics, std::shared_ptr<SharedPids> others)
      : registry_(topics), topics_(std::move(topics)), others_(std::move(others)) {}
  PubSubProcess(const PubSubProcess&) = delete;
  PubSubProcess& operator=(const PubSubProcess&) = delete;
  ~PubSubProcess() {
    if (is_open_) others_->Set({});
  }

  absl::Status Init() {
    HYDRA_RETURN_IF_ERROR(registry_.Init());
    is_open_ = true;
    peers_.Begin(topics_->options().name);
    return absl::OkStatus();
  }

  void HandleInfo(const ExitSignal& exit) { registry_.HandleInfo(exit); }

  void HandleInfo(const NodeUp& up) { peers_.HandleNodeUp(up); }
  void HandleInfo(const NodeDown& /*down*/) {}  // the monitor of its process has said so
  void HandleInfo(const PubSubDiscover& discover) {
    if (peers_.Meet(discover.process)) others_->Set(peers_.All());
  }
  void HandleInfo(const Down& down) {
    if (peers_.Forget(down)) others_->Set(peers_.All());
  }

  void HandleInfo(const Published& published) {
    topics_->ForEachOf(published.topic, [&](const Topics::Member& member) {
      SendEnclosed(member.pid, published.message);
    });
  }

  void Terminate(const ExitReason& reason) { registry_.Terminate(reason); }

 private:
  RegistryProcess registry_;
  const std::shared_ptr<Topics> topics_;
  const std::shared_ptr<SharedPids> others_;
  bool is_open_ = false;
  Peers<PubSubDiscover> peers_;
};

}  // namespace

ChildSpec PubSubChild(const std::shared_ptr<Topics>& topics,
                      const std::shared_ptr<SharedPids>& others) {
  const std::string& name = topics->options().name;
  ChildOptions options = {.id = name.empty() ? "registry" : name,
                          .server = RegistryProcessOptions(*topics)};
  return Child<PubSubProcess>(std::move(options), topics, others);
}

Async<absl::StatusOr<Pid>> StartPubSub(std::shared_ptr<Topics> topics,
                                       std::shared_ptr<SharedPids> others) {
  const ServerOptions options = RegistryProcessOptions(*topics);
  co_return co_await StartLinkedServer<PubSubProcess>(options, std::move(topics),
                                                      std::move(others));
}

void PublishTo(const std::vector<Pid>& others, std::string_view topic, Enclosed message) {
  const Published published{std::string(topic), std::move(message)};
  for (const Pid& other : others) {
    if (IsConnected(NodeOf(other.home()).name)) Send(other, published);
  }
}

}  // namespace hydra::registry_internal
