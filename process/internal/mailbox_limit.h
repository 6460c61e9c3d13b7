// How many messages a process may have waiting.
#ifndef HYDRA_PROCESS_INTERNAL_MAILBOX_LIMIT_H_
#define HYDRA_PROCESS_INTERNAL_MAILBOX_LIMIT_H_

#include <cstddef>

#include "hydra/process/overflow.h"

namespace hydra::process_internal {

struct MailboxLimit {
  size_t messages = 0;  // 0 is no limit
  Overflow on_overflow = Overflow::kDropNewest;
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_MAILBOX_LIMIT_H_
