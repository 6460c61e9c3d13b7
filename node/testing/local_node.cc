#include "hydra/node/testing/local_node.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/process/process.h"
#include "hydra/process/runtime.h"

namespace hydra {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

}  // namespace

LocalNode::LocalNode(std::string name, NodeOptions options,
                     const std::function<void(Runtime&)>& settle) {
  if (settle) settle(runtime_);
  options.name = std::move(name);
  if (options.cookie.empty() && options.cookie_file.empty()) options.cookie = kTestCookie;
  absl::StatusOr<Node> started = Node::Start(runtime_, std::move(options));
  if (!started.ok()) ADD_FAILURE() << started.status();
  node_.emplace(*std::move(started));
}

int LocalNode::port() const { return std::stoi(name().substr(name().rfind(':') + 1)); }

void LocalNode::Run(const std::function<Async<>()>& body) {
  EXPECT_EQ(runtime_.Run(body), ExitReason::Normal());
}

Pid LocalNode::SpawnNamed(std::string_view name, const std::function<Async<>()>& body) {
  const Pid pid = runtime_.Spawn(body);
  EXPECT_TRUE(runtime_.Register(pid, name).ok());
  return pid;
}

absl::Status LocalNode::Connect(const std::string& node) {
  std::optional<absl::Status> status;
  Run([&]() -> Async<> { status = co_await node_->Connect(node); });
  return status.value_or(absl::InternalError("Connect hasn't returned"));
}

absl::StatusOr<absl::Duration> LocalNode::Ping(const std::string& node) {
  std::optional<absl::StatusOr<absl::Duration>> time;
  Run([&]() -> Async<> { time = co_await node_->Ping(node); });
  return time.value_or(absl::InternalError("Ping hasn't returned"));
}

bool LocalNode::AwaitConnected(const std::string& node) { return AwaitListed(node, true); }
bool LocalNode::AwaitNotConnected(const std::string& node) { return AwaitListed(node, false); }

bool LocalNode::AwaitListed(const std::string& node, bool listed) {
  bool is_so = false;
  Run([&]() -> Async<> {
    MonitorNodes(true);
    const absl::Time deadline = Now() + kPatience;
    while (true) {
      const std::vector<std::string> nodes = Nodes();
      is_so = (std::find(nodes.begin(), nodes.end(), node) != nodes.end()) == listed;
      if (is_so || Now() > deadline) co_return;
      co_await ReceiveAny().Within(deadline - Now());
    }
  });
  return is_so;
}

}  // namespace hydra
