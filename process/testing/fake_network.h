// FakeNetwork: a network between runtimes of one OS process, for tests of what nodes do with each other.
//
//   hydra::ManualRuntime a, b;
//   hydra::FakeNetwork network;
//   network.Add(a, {"a@test", 1});
//   network.Add(b, {"b@test", 1});
//   a.RunUntilIdle();                     // a process of `a` sends to one of `b`
//   network.Deliver();                    // it is on its way until here
//   b.RunUntilIdle();
//   network.Cut("a@test", "b@test");      // what is on its way is lost, both nodes hear of it
//
// What is sent waits until the test delivers it: so a test delays as it likes. The first message between
// two nodes connects them, unless they are kept apart.
#ifndef HYDRA_PROCESS_TESTING_FAKE_NETWORK_H_
#define HYDRA_PROCESS_TESTING_FAKE_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "hydra/base/mutex.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"
#include "hydra/process/runtime.h"
#include "hydra/process/transport.h"

namespace hydra {

// Thread safety: any thread. Must outlive the runtimes' last use of it, and may outlive them.
class FakeNetwork {
 public:
  // Larger messages are refused.
  static constexpr size_t kMaxMessageBytes = size_t{1} << 20;

  FakeNetwork() = default;
  FakeNetwork(const FakeNetwork&) = delete;
  FakeNetwork& operator=(const FakeNetwork&) = delete;

  // Makes `runtime` the node `id`. Another of that name is gone then: what is on its way to it goes to
  // this one.
  void Add(Runtime& runtime, const NodeId& id);

  // Delivers all that is on its way by now, in the order in which it was sent, and returns how much that
  // was. What is sent to a node that isn't there, or is kept apart, is lost.
  size_t Deliver();

  // Tells both nodes that they are connected, if they aren't.
  void Connect(const std::string& a, const std::string& b);

  // Cuts the connection, if there is one: what is on its way between the two is lost, and they hear that
  // they have lost each other.
  void Cut(const std::string& a, const std::string& b);

  // From now on there can be no connection, or can be one again. Doesn't cut one that stands.
  void KeepApart(const std::string& a, const std::string& b, bool apart);

  // From now on too much waits between the two, whatever that is; or doesn't any more.
  void SetBusy(const std::string& a, const std::string& b, bool busy);

  // Calls `filter` with each envelope before it is delivered; it may change it. False loses it, which no
  // real transport does without cutting the connection.
  void SetFilter(std::function<bool(Envelope&)> filter);

 private:
  class Link;
  struct InFlight {
    std::string from;
    std::string to;
    std::optional<Envelope> envelope;  // none: it is to connect
  };
  struct Held {
    std::string from;
    std::string to;
    Pid sender;
  };
  struct Node {
    NodeId id;
    Port port;
  };
  using Pair = std::pair<std::string, std::string>;

  static Pair PairOf(const std::string& a, const std::string& b) {
    return a < b ? Pair(a, b) : Pair(b, a);
  }
  bool Send(const std::string& from, const std::string& to, std::optional<Envelope> envelope);
  void Release(const std::string& a, const std::string& b);
  bool DeliverOne();
  bool IsOfConnection(const InFlight& sent);
  std::optional<Node> Find(const std::string& name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  std::map<std::string, Node> nodes_ ABSL_GUARDED_BY(mutex_);
  std::deque<InFlight> in_flight_ ABSL_GUARDED_BY(mutex_);
  std::set<Pair> connected_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, std::string>, uint64_t> epochs_
      ABSL_GUARDED_BY(mutex_);  // of connections, from the one to the other
  std::set<Pair> apart_ ABSL_GUARDED_BY(mutex_);
  std::set<Pair> busy_ ABSL_GUARDED_BY(mutex_);
  std::vector<Held> held_ ABSL_GUARDED_BY(mutex_);
  std::function<bool(Envelope&)> filter_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_TESTING_FAKE_NETWORK_H_
