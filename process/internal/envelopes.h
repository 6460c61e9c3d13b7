// Signals as envelopes, and back.
#ifndef HYDRA_PROCESS_INTERNAL_ENVELOPES_H_
#define HYDRA_PROCESS_INTERNAL_ENVELOPES_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/transport.h"

namespace hydra::process_internal {

// What `signal` to `to` is on the way to another node. kInvalidArgument if it carries a value that can't
// cross nodes. The signal is still the caller's, to be destroyed; if it was a request, that no longer
// answers it.
absl::StatusOr<Envelope> ToEnvelope(const Dest& to, Signal& signal);

// The signal in an envelope, to be sent to the process that `envelope.to` stands for; null if there is
// none.
Signal* FromEnvelope(Envelope envelope);

// Why a value of that type can't be sent to another node.
ExitReason NotWireReady(std::string_view type, std::string_view why);

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_ENVELOPES_H_
