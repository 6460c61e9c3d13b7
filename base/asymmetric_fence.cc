#include "hydra/base/asymmetric_fence.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace hydra {
namespace base_internal {

const bool kHasBarrierOnAllThreads =
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;

}  // namespace base_internal

bool AsymmetricFenceHeavy() {
  if (base_internal::kHasBarrierOnAllThreads)
    return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return true;
}

}  // namespace hydra
