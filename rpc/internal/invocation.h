// Invocation: one call of an entry point, whatever that is.
#ifndef HYDRA_RPC_INTERNAL_INVOCATION_H_
#define HYDRA_RPC_INTERNAL_INVOCATION_H_

#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/process/wire.h"

namespace hydra::rpc_internal {

class Invocation {
 public:
  virtual ~Invocation() = default;

  // The arguments.
  virtual void Write(WireWriter& writer) const = 0;

  // Calls the function, once, in the calling process, and sends what it yields to `asker`, if that is anybody. This must
  // live until then.
  virtual Async<> Run(Ref asker) = 0;
};

}  // namespace hydra::rpc_internal

#endif  // HYDRA_RPC_INTERNAL_INVOCATION_H_
