#include "hydra/benchmarks/done.h"

#include <cstdint>

#include "hydra/process/process.h"

namespace hydra::benchmarks {

Async<> AwaitDone(int64_t count) {
  for (int64_t i = 0; i < count; ++i) co_await Receive<Done>();
}

}  // namespace hydra::benchmarks
