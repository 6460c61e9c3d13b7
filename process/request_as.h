// RequestAs: requests whose answers depend on what they say, not on their type. For modules such as rpc; ordinary code has
// request.h and pending_request.h.
#ifndef HYDRA_PROCESS_REQUEST_AS_H_
#define HYDRA_PROCESS_REQUEST_AS_H_

#include <string_view>
#include <utility>

#include "hydra/process/alias.h"
#include "hydra/process/dest.h"
#include "hydra/process/internal/answer.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/pending_request.h"
#include "hydra/process/pid.h"
#include "hydra/process/request.h"

namespace hydra {

// A request that is answered with an R: for ReplyTo and PendingRequest.
template <typename R>
struct AnsweredWith {
  using Reply = R;
};

// As Request and SendRequest, but that the answer is an R, whatever M::Reply is; who answers has a
// `ReplyTo<AnsweredWith<R>>`, made of `Asked<M>::ReleaseAsker()`. A process may ask itself. `what` is what failures call
// the request, and must outlive it.
template <typename R, typename M>
auto RequestAs(std::string_view what, const Dest& to, M message) {
  using Wait = process_internal::ReplyWait<M, R>;
  return Wait(what, to, std::move(message), Wait::Self::kMayBeAsked);
}

template <typename R, typename M>
[[nodiscard("the request is given up when this is destroyed")]] PendingRequest<AnsweredWith<R>>
SendRequestAs(std::string_view what, const Dest& to, M message) {
  using process_internal::NewSignal;
  const Ref ref = MakeRef();
  return PendingRequest<AnsweredWith<R>>(
      process_internal::Pending({what, to}, ref,
                                NewSignal<Asked<M>>(&process_internal::kMessageType<Asked<M>>,
                                                    std::move(message), ReplyTo<M>(ref))));
}

}  // namespace hydra

#endif  // HYDRA_PROCESS_REQUEST_AS_H_
