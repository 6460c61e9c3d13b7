// ServerRef<S>: a server as its clients see it.
//
//   hydra::ServerRef<Stack> stack("stack");                      // or of a pid, a name elsewhere, a Via
//   absl::StatusOr<std::optional<std::string>> top = co_await stack.Call(Stack::Pop{});
//   stack.Cast(Stack::Push{"hydra"});
//
// It is all the same whether the server is here or on another node. A request that the server's Protocol
// lacks doesn't compile.
#ifndef HYDRA_GENSERVER_SERVER_REF_H_
#define HYDRA_GENSERVER_SERVER_REF_H_

#include <utility>

#include "absl/time/time.h"
#include "hydra/genserver/protocol.h"
#include "hydra/process/dest.h"
#include "hydra/process/pending_request.h"
#include "hydra/process/pid.h"
#include "hydra/process/request.h"
#include "hydra/process/runtime.h"
#include "hydra/process/send.h"
#include "hydra/process/timer.h"

namespace hydra {

// How long a call waits for its reply unless told otherwise.
inline constexpr absl::Duration kCallTimeout = kRequestTimeout;

// Names a server, alive or not. Thread safety: a value.
template <typename S>
class ServerRef {
 public:
  // Of nobody.
  ServerRef() : dest_(Pid()) {}
  // Of whoever `dest` is, which should be a server of the class S.
  explicit ServerRef(Dest dest) : dest_(std::move(dest)) {}

  const Dest& dest() const { return dest_; }
  // The pid, if it is known by that; otherwise nobody's.
  Pid pid() const { return dest_.pid() == nullptr ? Pid() : *dest_.pid(); }

  // Asks the server and waits for the reply, when it is awaited: kCallTimeout at most, or as long as
  // `Within` says. Yields what a Request does (request.h), and fails like one. A name is looked up once.
  // Must be awaited by a process.
  template <typename M>
  auto Call(M request) const {
    CheckCall<M>();
    return Request(dest_, std::move(request));
  }

  // The same for foreign threads: blocks the calling one. Not to be called by a process.
  template <typename M>
  RequestResult<M> Call(Runtime& runtime, M request, absl::Duration timeout = kCallTimeout) const {
    CheckCall<M>();
    return runtime.Request(dest_, std::move(request), timeout);
  }

  // The same as the first, but the reply is taken later: see pending_request.h.
  template <typename M>
  [[nodiscard("the request is given up when this is destroyed")]] PendingRequest<M> SendRequest(
      M request) const {
    CheckCall<M>();
    return hydra::SendRequest(dest_, std::move(request));
  }

  // Tells the server something. Never fails: nobody learns whether there is such a server.
  template <typename M>
  void Cast(M request) const {
    CheckCast<M>();
    static_cast<void>(Send(dest_, std::move(request)));
  }

  // The same for foreign threads.
  template <typename M>
  void Cast(Runtime& runtime, M request) const {
    CheckCast<M>();
    static_cast<void>(runtime.Send(dest_, std::move(request)));
  }

  // The same after `delay`: see SendAfter.
  template <typename M>
  TimerRef CastAfter(absl::Duration delay, M request) const {
    CheckCast<M>();
    return SendAfter(delay, dest_, std::move(request));
  }

  friend bool operator==(const ServerRef&, const ServerRef&) = default;

 private:
  template <typename M>
  static constexpr void CheckCall() {
    static_assert(RequestOf<M, S>, "Call(request): the server's Protocol has no such request");
    static_assert(IsCallRequest<M>,
                  "Call(request): it has no Reply, so it is a cast: server.Cast(request)");
  }
  template <typename M>
  static constexpr void CheckCast() {
    static_assert(RequestOf<M, S>, "Cast(request): the server's Protocol has no such request");
    static_assert(!IsCallRequest<M>,
                  "Cast(request): it has a Reply, so it is a call: co_await server.Call(request)");
  }

  Dest dest_;
};

}  // namespace hydra

#endif  // HYDRA_GENSERVER_SERVER_REF_H_
