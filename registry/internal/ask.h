// Ask: a request to the process behind a handle.
#ifndef HYDRA_REGISTRY_INTERNAL_ASK_H_
#define HYDRA_REGISTRY_INTERNAL_ASK_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/request.h"

namespace hydra::registry_internal {

// Asks `table->process()`, a OneProcess. Fails as a request does, but with kUnavailable if it doesn't run: what a
// request says then, kNotFound, would tell who asks for a key that there is no such key.
template <typename Table, typename M>
Async<RequestResult<M>> Ask(std::shared_ptr<Table> table, M request, absl::Duration timeout) {
  RequestResult<M> result =
      co_await Request(table->process().Get(), std::move(request)).Within(timeout);
  const absl::Status status = StatusOf(result);
  if (absl::IsNotFound(status) && IsCallFailure(status)) co_return table->process().NotRunning();
  co_return result;
}

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_ASK_H_
