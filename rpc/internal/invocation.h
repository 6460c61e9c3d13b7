// Invocation: one call of an entry point, whatever that is.
#ifndef HYDRA_RPC_INTERNAL_INVOCATION_H_
#define HYDRA_RPC_INTERNAL_INVOCATION_H_

#include <memory>
#include <string>
#include <string_view>

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

// Makes a call of what has been written; null, and the reader has failed, if that isn't one.
using ReadInvocation = std::unique_ptr<Invocation> (*)(WireReader& reader);

// Thread safety: any thread.
void RegisterEntryPoint(const std::string& name, ReadInvocation read);
// Null if this program has none of that name.
ReadInvocation FindEntryPoint(std::string_view name);

}  // namespace hydra::rpc_internal

#endif  // HYDRA_RPC_INTERNAL_INVOCATION_H_
