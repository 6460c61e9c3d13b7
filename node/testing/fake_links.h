// LinkNetwork: an in-memory network of Links, for tests that decide what happens, and when.
//
//   LinkNetwork network;
//   Cluster::Start(runtime, {.name = "a", .cookie = "c"}, network.OpenAt(4001));     // a@127.0.0.1:4001
//   while (network.DeliverOne(random)) continue;                                     // dials, frames, ends, posted calls
//
// Whatever would come in by a thread of the network is an event, which waits until the test delivers it. The two directions
// of a stream are queues; nothing else has an order. Frames travel as bytes.
#ifndef HYDRA_NODE_TESTING_FAKE_LINKS_H_
#define HYDRA_NODE_TESTING_FAKE_LINKS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/links.h"

namespace hydra::node_testing {

// Yields a number below `bound`, another one each time.
using Pick = std::function<size_t(size_t bound)>;

// Thread safety: everything on one thread. Must outlive the Links.
class LinkNetwork {
 public:
  LinkNetwork() = default;
  LinkNetwork(const LinkNetwork&) = delete;
  LinkNetwork& operator=(const LinkNetwork&) = delete;

  // Links that listen at `port`, unless somebody does.
  node_internal::OpenLinks OpenAt(int port);

  // Delivers one of the events that can happen now. Returns false if there is none.
  bool DeliverOne(const Pick& pick);

  // How many streams there are of which an end is open.
  size_t stream_count() const;
  // Those between the nodes at two ports that are open at both ends, and don't end.
  size_t StreamsBetween(int a, int b) const;

  // ---- Faults. A stream is any that `pick` yields; none if there is none. All return whether something was done.

  // Breaks a stream: each end hears of it some time, and of the frames that are on their way or not.
  bool Cut(const Pick& pick);
  // From now on nothing arrives at one end of a stream, or at either, and nobody hears of that.
  bool Stall(const Pick& pick, bool both);
  // Lets what is stalled arrive; or, if `lost`, leaves those streams as they are, but no other.
  void Heal(bool lost);
  // The system gives up streams on which nothing arrives any more, as TCP does in the end.
  void TimeOut();
  // From now on dials from `a` to `b`, and back, are refused; or aren't.
  void Refuse(int a, int b, bool refused);
  // Changes a proof, or a Hello, that is the next to arrive on a stream. What takes that as it is is a fault.
  bool Tamper(const Pick& pick);
  // Whether an end to which something changed has been sent has sent signals after it.
  bool was_deceived() const { return was_deceived_; }

  // The node at `port` is gone, without a word to it. The others hear of it; or, if it is `silent`, nothing any more.
  void Kill(int port, bool silent);

 private:
  class Side;
  class FakeLinks;
  struct Event;

  std::vector<Event> Possible();
  void Happen(const Event& event);
  void Open(const std::shared_ptr<Side>& dialler);
  FakeLinks* At(int port) const;
  std::shared_ptr<Side> AnyPair(const Pick& pick) const;
  void Forget();
  static bool CanWrite(const Side& end);
  bool Flush(const std::shared_ptr<Side>& end);
  void Over(const std::shared_ptr<Side>& end, std::string why);
  void StopListening(const FakeLinks& links);

  std::map<int, FakeLinks*> listening_;
  std::map<int, FakeLinks*> links_;
  std::vector<std::shared_ptr<Side>> ends_;  // that aren't over
  std::map<std::pair<int, int>, bool> refused_;
  bool was_deceived_ = false;
};

}  // namespace hydra::node_testing

#endif  // HYDRA_NODE_TESTING_FAKE_LINKS_H_
