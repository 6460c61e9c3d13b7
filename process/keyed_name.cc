#include "hydra/process/keyed_name.h"

#include <utility>

#include "hydra/process/internal/keyed_name.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/self.h"

namespace hydra::process_internal {

void ServeKeys(KeyFinder find) {
  Worker& worker = Worker::CurrentOrDie();
  if (!worker.IsExiting()) worker.scheduler().names().ServeKeys(Self(), std::move(find));
}

}  // namespace hydra::process_internal
