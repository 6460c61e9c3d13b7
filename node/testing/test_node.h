// TestNode: a runtime that is a node, in a test; with its residents.
#ifndef HYDRA_NODE_TESTING_TEST_NODE_H_
#define HYDRA_NODE_TESTING_TEST_NODE_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/residents.h"
#include "hydra/process/runtime.h"
#include "hydra/process/testing/process_test.h"

namespace hydra::node_testing {

class TestNode {
 public:
  // It listens on loopback, and has the cookie of all test nodes, unless told otherwise.
  explicit TestNode(NodeOptions options) {
    if (options.cookie.empty()) options.cookie = "secret";
    MoveIn(runtime);
    absl::StatusOr<Node> started = Node::Start(runtime, std::move(options));
    EXPECT_TRUE(started.ok()) << started.status();
    if (started.ok()) node.emplace(*std::move(started));
  }

  const std::string& name() const { return node->name(); }

  // Runs `body` as a process, and expects that it returns.
  void Run(const ProcessBody& body) { EXPECT_EQ(runtime.Run(body).ToString(), "normal"); }

  Runtime runtime{{.schedulers = 2}};
  std::optional<Node> node;
};

}  // namespace hydra::node_testing

#endif  // HYDRA_NODE_TESTING_TEST_NODE_H_
