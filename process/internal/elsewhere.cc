// The scheduler's part of what goes to other nodes. See remote.h.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "hydra/base/log.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/envelopes.h"
#include "hydra/process/internal/homes.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/remote.h"
#include "hydra/process/internal/runtime_gate.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/node_event.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::process_internal {

bool Scheduler::IsElsewhere(const ProcessName& name) const {
  return !name.node.empty() && name.node != remote_.name();
}

void Scheduler::SendElsewhere(const ProcessName& to, Signal* signal) {
  if (remote_.is_node()) return remote_.Send(to, signal);
  Refuse(Pid(), signal, {Refusal::Why::kNoConnection, ExitReason::NoConnection()});
}

void Scheduler::Undeliverable(const Pid& to, Signal* signal) {
  if (to.home() == home_ || !remote_.is_node()) return Refuse(to, signal);
  // A runtime that is no node, or a former life of this one, can't be reached.
  const NodeId& node = NodeOf(to.home());
  if (node.name.empty() || node.name == remote_.name()) return Refuse(to, signal);
  remote_.Send(to, signal);
}

void Scheduler::RefuseLocalOnly(const Dest& to, Signal* signal, std::string_view why) {
  const SignalType& sent = *signal->type;
  const SignalType& message =
      sent.kind == SignalKind::kAliasedMessage
          ? *static_cast<ValueSignal<AliasedMessage>*>(signal)->value.message->type
          : sent;
  const ExitReason reason = NotWireReady(message.name, why);
  Worker* worker = Worker::Current();
  if (message.refuse != nullptr) {
    signal->type->refuse(*this, Pid(), *signal, {Refusal::Why::kLocalOnly, reason});
  } else if (worker != nullptr && worker->current() != nullptr && &worker->scheduler() == this) {
    worker->EndSelf(reason);
  } else {
    HYDRA_LOG(ERROR) << "nothing is sent to " << to.ToString() << ": " << reason.ToString();
  }
  DestroySignal(signal);
}

}  // namespace hydra::process_internal

namespace hydra {

uint64_t Port::NodeUp(const NodeId& node, bool hidden) const {
  uint64_t epoch = 0;
  gate_->Enter([&](process_internal::Scheduler& scheduler) {
    epoch = scheduler.remote().NodeUp(node, hidden);
  });
  return epoch;
}

void Port::Deliver(const NodeId& node, std::span<Envelope> envelopes) const {
  gate_->Enter(
      [&](process_internal::Scheduler& scheduler) { scheduler.remote().Deliver(node, envelopes); });
}

void Port::NodeDown(const NodeId& node, NodeDownReason reason) const {
  gate_->Enter(
      [&](process_internal::Scheduler& scheduler) { scheduler.remote().NodeDown(node, reason); });
}

void Port::Release(const std::string& node, std::span<const Pid> held) const {
  if (held.empty()) return;
  gate_->Enter(
      [&](process_internal::Scheduler& scheduler) { scheduler.remote().Release(node, held); });
}

uint32_t HomeOf(const NodeId& node) { return process_internal::HomeOf(node); }
const NodeId& NodeOf(uint32_t home) { return process_internal::NodeOf(home); }
bool IsPossible(const Pid& pid) { return process_internal::IsPossible(pid); }

}  // namespace hydra
