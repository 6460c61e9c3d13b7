// Why who asks something by a signal gets no answer.
#ifndef HYDRA_PROCESS_INTERNAL_REFUSAL_H_
#define HYDRA_PROCESS_INTERNAL_REFUSAL_H_

#include <cstdint>

#include "hydra/process/exit_reason.h"

namespace hydra::process_internal {

struct Refusal {
  enum class Why : uint8_t {
    kNoProcess,      // nobody knows whom it asked, or not any more
    kEnded,          // whom it asked has ended, for `reason`
    kDropped,        // whom it asked has dropped the request
    kMailboxFull,    // whom it asked has no room for it
    kNoConnection,   // the node is lost, or can't be reached
    kNotUnderstood,  // no code of the other node receives such requests, or they don't parse
    kLocalOnly,      // it can't be sent to another node: `reason` says why
  };

  Why why = Why::kNoProcess;
  ExitReason reason = ExitReason::NoProc();
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_REFUSAL_H_
