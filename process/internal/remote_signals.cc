// What a worker does on signals from other nodes that aren't the same as those from its own.
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/base/log.h"
#include "hydra/process/dest.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/mailbox.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/relations.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/internal/wire_codec.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/node_event.h"
#include "hydra/process/pid.h"
#include "hydra/process/wire.h"

namespace hydra::process_internal {

// Returns the message; null if it is none. What nothing in this program receives stays as it came, for
// whoever receives anything.
Signal* Worker::DecodeMessage(ControlBlock& process, Signal& encoded) {
  EncodedMessage& sent = static_cast<ValueSignal<EncodedMessage>&>(encoded).value;
  const bool is_request = static_cast<bool>(sent.asker);
  const Refusal not_understood{.why = Refusal::Why::kNotUnderstood};
  const SignalType* type = FindReceived(sent.value.type, is_request);
  Signal* message = nullptr;
  if (type == nullptr && is_request) {
    sent.Refuse(scheduler_, PidOf(process), not_understood);
    return nullptr;
  }
  if (type == nullptr) {
    message = NewSignal<Encoded>(&kMessageType<Encoded>, std::move(sent.value));
  } else {
    const Ref asker = sent.asker;
    absl::StatusOr<Signal*> decoded = type->codec->decode(std::move(sent));
    if (!decoded.ok()) {
      HYDRA_LOG(ERROR) << "a message from another node to process " << PidOf(process).ToString()
                       << " can't be read, and is dropped: " << decoded.status().message();
      EncodedMessage{{}, asker}.Refuse(scheduler_, PidOf(process), not_understood);
      return nullptr;
    }
    message = *decoded;
  }
  message->serial = encoded.serial;  // whether it counts
  return message;
}

void Worker::MonitorNodes(bool on, NodeKind kind) {
  ControlBlock& process = CurrentProcess();
  if (process.state >= ProcessState::kExiting) return;
  RelationsOf(process).MakeRare().crosses_nodes = true;
  scheduler_.remote().Subscribe(PidOf(process), kind, on);
}

void Worker::MonitorNode(const std::string& node, bool on) {
  ControlBlock& process = CurrentProcess();
  if (process.state >= ProcessState::kExiting) return;
  RelationsOf(process).MakeRare().crosses_nodes = true;
  scheduler_.remote().MonitorNode(PidOf(process), node, on);
}

// What the process has with the node ends, and nothing comes from there any more: noconnection.
void Worker::ActOnNodeDown(ControlBlock& process, const LostNode& node) {
  scheduler_.remote().TookInLoss(PidOf(process), node.name);
  if (process.relations == nullptr || process.state >= ProcessState::kExiting) return;
  Relations& relations = *process.relations;
  std::vector<Signal*> ends;
  for (const Pid& partner : relations.links.TakeLost([&](const Pid& pid) { return node.Has(pid); }))
    ends.push_back(NewSignal<ExitSignal>(&kLinkExit, partner, ExitReason::NoConnection()));
  for (const auto& [id, own] : relations.refs) {
    const bool lost = own.IsOfName() ? own.note->name->node == node.name : node.Has(own.monitored);
    if (own.is_monitor && lost) {
      ends.push_back(NewSignal<Down>(&kDown, Ref(PidOf(process), id), own.monitored, ProcessName(),
                                     ExitReason::NoConnection()));
    }
  }
  std::vector<Ref> observers;
  for (const auto& [ref, observes] : relations.observers) {
    if (node.Has(ref.creator())) observers.push_back(ref);
  }
  for (const Ref& ref : observers) relations.observers.Remove(ref);
  for (Signal* end : ends) {
    Signal* message = nullptr;
    if (!exit_.has_value()) {
      message =
          end->type == &kDown ? ActOnDown(process, end) : ActOnExit(process, end, /*by_link=*/true);
    }
    if (message == nullptr) {
      DestroySignal(end);
    } else {
      process.mailbox.Append(message);
    }
  }
}

void EncodedMessage::Refuse(Scheduler& scheduler, const Pid&, const Refusal& refusal) {
  if (!asker) return;
  scheduler.Send(asker.creator(), NewAnswerSignal<NoAnswer>(asker.id(), refusal));
}

}  // namespace hydra::process_internal
