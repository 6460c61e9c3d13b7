// How urgent a process is to the scheduler.
#ifndef HYDRA_PROCESS_PRIORITY_H_
#define HYDRA_PROCESS_PRIORITY_H_

#include <cstdint>

namespace hydra {

// On each scheduler, runnable processes of high priority go before normal ones. Low ones go last,
// but get at least one turn in eight while there are others. High ones that never wait starve the
// normal ones.
enum class Priority : uint8_t { kNormal, kHigh, kLow };

}  // namespace hydra

#endif  // HYDRA_PROCESS_PRIORITY_H_
