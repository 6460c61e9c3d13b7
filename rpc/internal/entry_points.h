// The entry points of this program, by their names.
#ifndef HYDRA_RPC_INTERNAL_ENTRY_POINTS_H_
#define HYDRA_RPC_INTERNAL_ENTRY_POINTS_H_

#include <memory>
#include <string>
#include <string_view>

#include "hydra/process/wire.h"
#include "hydra/rpc/internal/invocation.h"

namespace hydra::rpc_internal {

// Makes a call of what has been written; null, and the reader has failed, if that isn't one.
using ReadInvocation = std::unique_ptr<Invocation> (*)(WireReader& reader);

// Thread safety: any thread. A fatal error if the name is another's.
void RegisterEntryPoint(const std::string& name, ReadInvocation read);
// Null if there is none of that name.
ReadInvocation FindEntryPoint(std::string_view name);

}  // namespace hydra::rpc_internal

#endif  // HYDRA_RPC_INTERNAL_ENTRY_POINTS_H_
