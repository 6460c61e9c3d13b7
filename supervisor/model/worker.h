// The workers of a World, and how it starts the processes of its tree.
#ifndef HYDRA_SUPERVISOR_MODEL_WORKER_H_
#define HYDRA_SUPERVISOR_MODEL_WORKER_H_

#include <cstdint>

#include "hydra/process/exit_reason.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/model/plan.h"

namespace hydra::supervisor_model {

class World;

// What a worker may be sent: to end by itself, or to unlink itself from its supervisor.
struct Order {
  Op op;
  ExitReason reason;
};

// What a process of the plan is started by, without what it does to the world's books.
ChildSpec PlainSpecOf(World* world, const Plan& plan);

// The start function of the spec, with that.
ChildSpec NotedSpec(World* world, const Plan& plan, ChildSpec spec);

}  // namespace hydra::supervisor_model

#endif  // HYDRA_SUPERVISOR_MODEL_WORKER_H_
