#include "hydra/node/node.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/base/status_macros.h"
#include "hydra/node/internal/cluster.h"
#include "hydra/node/internal/grpc_links.h"
#include "hydra/node/internal/links.h"
#include "hydra/node/internal/tls_files.h"
#include "hydra/node/node_options.h"
#include "hydra/process/async.h"
#include "hydra/process/awaitable.h"
#include "hydra/process/runtime.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using node_internal::Cluster;
using node_internal::Links;
using node_internal::TlsFiles;

Async<absl::Status> ConnectTo(std::shared_ptr<Cluster> cluster, std::string node) {
  co_return co_await Awaitable<absl::Status>([cluster, node](const Completion<absl::Status>& done) {
    cluster->Connect(node, [done](absl::Status status) { done.Complete(std::move(status)); });
  });
}

Async<absl::StatusOr<absl::Duration>> PingNode(std::shared_ptr<Cluster> cluster, std::string node,
                                               absl::Duration timeout) {
  HYDRA_CO_RETURN_IF_ERROR(co_await ConnectTo(cluster, node));
  const absl::Time start = Now();
  const std::optional<bool> answered =
      co_await Awaitable<bool>([cluster, node](const Completion<bool>& done) {
        cluster->Ping(node, [done](bool has_answered) { done.Complete(has_answered); });
      }).Within(timeout);
  if (!answered.value_or(false))
    co_return absl::UnavailableError("the node " + node + " hasn't answered");
  co_return Now() - start;
}

absl::StatusOr<std::shared_ptr<Links>> Listen(const NodeOptions& options, Links::Accept accept) {
  HYDRA_ASSIGN_OR_RETURN(std::optional<TlsFiles> tls, node_internal::ReadTls(options));
  return node_internal::OpenGrpcLinks(options.listen, std::move(tls), 2 * options.tick_time,
                                      {.time = options.handshake_timeout,
                                       .health_service = options.health_service,
                                       .reflection = options.reflection},
                                      std::move(accept));
}

}  // namespace

absl::StatusOr<Node> Node::Start(Runtime& runtime, NodeOptions options) {
  const absl::Duration patience = options.handshake_timeout;
  HYDRA_ASSIGN_OR_RETURN(std::shared_ptr<Cluster> cluster,
                         Cluster::Start(runtime, std::move(options), &Listen));
  return Node(std::move(cluster), patience);
}

Node::Node(std::shared_ptr<Cluster> cluster, absl::Duration patience)
    : cluster_(std::move(cluster)), patience_(patience) {}
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(Node&& other) noexcept {
  Node taken(std::move(other));
  std::swap(cluster_, taken.cluster_);
  std::swap(patience_, taken.patience_);
  return *this;
}
Node::~Node() {
  if (cluster_ != nullptr) cluster_->Stop();
}

const std::string& Node::name() const { return cluster_->name(); }

Async<absl::Status> Node::Connect(std::string node) { return ConnectTo(cluster_, std::move(node)); }

absl::Status Node::Disconnect(std::string_view node) { return cluster_->Disconnect(node); }

Async<absl::StatusOr<absl::Duration>> Node::Ping(std::string node) {
  return PingNode(cluster_, std::move(node), patience_);
}

std::vector<std::string> Node::List(PeerState state) const {
  if (state == PeerState::kConnecting) return cluster_->Connecting();
  return cluster_->Connected(state == PeerState::kHidden);
}

void Node::Stop() { cluster_->Stop(); }

}  // namespace hydra
