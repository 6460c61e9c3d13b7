// A runtime's end of what goes between nodes: signals to envelopes and back, and who is to be told when
// a node is lost.
//
// Signals to other nodes come here from where they can't be delivered (`Scheduler::SendElsewhere`), and
// become envelopes; envelopes become the same signals on the other side, and are delivered like any
// other. A message's value stays bytes until its receiver takes it in.
//
// For each node there is a list of the processes that have, or have had, a link or a monitor with one
// there. When the node is lost each is sent one signal, and ends what it has with that node. Requests are
// listed one by one, until they are answered or given up.
#ifndef HYDRA_PROCESS_INTERNAL_REMOTE_H_
#define HYDRA_PROCESS_INTERNAL_REMOTE_H_

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "hydra/base/mutex.h"
#include "hydra/process/dest.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::process_internal {

class Scheduler;

// Thread safety: any thread.
class Remote {
 public:
  explicit Remote(Scheduler& scheduler) : scheduler_(scheduler) {}

  // Makes the runtime a node.
  void Join(NodeId self, std::shared_ptr<Transport> transport);
  bool is_node() const { return is_node_.load(std::memory_order_acquire); }
  // The name of this node; empty while it is none.
  std::string_view name() const { return is_node() ? std::string_view(self_.name) : ""; }
  std::vector<std::string> Nodes() const;

  // ---- Out.

  // Sends `signal` to a process, or to a name, of another node. Takes it.
  void Send(const Dest& to, Signal* signal);

  // Nobody waits for the answer to this request any more.
  void GiveUp(const Ref& request);

  // The process has ended.
  void Forget(const Pid& process);

  void Subscribe(const Pid& process, bool on);

  // ---- In: see Port.

  void NodeUp(const NodeId& node);
  void Deliver(const NodeId& node, Envelope envelope);
  void NodeDown(const NodeId& node);

 private:
  struct Peer {
    bool up = false;
    absl::flat_hash_set<Pid> processes;  // that have links or monitors there
    absl::flat_hash_set<Ref> requests;   // of processes here
  };

  void NoteSent(const NodeId& node, const Envelope& envelope);
  Pid NoteReceived(const NodeId& node, const Envelope& envelope);

  Scheduler& scheduler_;
  // Written once, before `is_node_` is.
  NodeId self_;
  std::shared_ptr<Transport> transport_;
  std::atomic<bool> is_node_{false};

  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, Peer> peers_ ABSL_GUARDED_BY(mutex_);  // by name
  // Monitors of other nodes by a name: whom they monitor here.
  absl::flat_hash_map<Ref, Pid> named_monitors_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<Pid> subscribers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_REMOTE_H_
