// NetworkNamespaces: a network of the test's own, with machines that are OS processes, and links that it takes down.
//
//   const auto* const kOwn = testing::AddGlobalTestEnvironment(new OwnNetwork);    // before any thread
//   ...
//   if (!OwnNetwork::Missing().empty()) GTEST_SKIP() << OwnNetwork::Missing();
//   NetworkNamespaces network(1);
//   LocalNode here("here", {.listen = "10.77.0.1:0"});
//   network.Within(0, [&] { peer.emplace({.name = "peer", .listen = network.address(0) + ":0"}); });
//   network.LinkDown(0);
//
// Whatever happens here, the machine's networks aren't touched, and nothing stays: the test is in a network namespace of
// its own, in a user namespace of its own, and has no rights elsewhere; the others are held by file descriptors only, and
// end with the test and its children, also if it is killed.
#ifndef HYDRA_NODE_TESTING_NETWORK_NAMESPACES_H_
#define HYDRA_NODE_TESTING_NETWORK_NAMESPACES_H_

#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace hydra::node_testing {

// Moves the test into namespaces of its own, with a bridge that is 10.77.0.1.
class OwnNetwork : public testing::Environment {
 public:
  void SetUp() override;

  // Empty; or what this machine lacks or forbids, and what to do.
  static const std::string& Missing();
};

// A star: each machine has one link to the bridge. Needs an OwnNetwork; one at a time. Thread safety: one thread at a time.
// What fails fails the test.
class NetworkNamespaces {
 public:
  explicit NetworkNamespaces(int machines);
  ~NetworkNamespaces();
  NetworkNamespaces(const NetworkNamespaces&) = delete;
  NetworkNamespaces& operator=(const NetworkNamespaces&) = delete;

  static constexpr char kBridge[] = "10.77.0.1";
  static std::string address(int machine);

  // What `body` starts as an OS process is that machine's.
  void Within(int machine, const std::function<void()>& body);

  void LinkDown(int machine);
  void LinkUp(int machine);
  // Nothing from there reaches `address`; the other way isn't touched.
  void Blackhole(int machine, const std::string& address);
  void EndBlackhole(int machine, const std::string& address);
  // The link carries so much, each way; what is more waits a little, and is dropped then.
  void Throttle(int machine, int kilobits_per_second);
  void EndThrottle(int machine);

 private:
  const int home_;  // namespaces, as files
  std::vector<int> machines_;
};

}  // namespace hydra::node_testing

#endif  // HYDRA_NODE_TESTING_NETWORK_NAMESPACES_H_
