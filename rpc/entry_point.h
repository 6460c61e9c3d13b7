// EntryPoint: a function that other nodes may have called on this one, by its name.
//
//   // jobs/worker.h
//   hydra::Async<> Worker(Config config, hydra::Pid owner);
//   int CountOf(std::string text);
//
//   inline const hydra::EntryPoint<Worker> kWorker("jobs.Worker");             // one line each
//   inline const hydra::EntryPoint<CountOf> kCountOf("jobs.CountOf");
//
//   // anywhere
//   absl::StatusOr<hydra::Pid> worker = co_await hydra::SpawnOn(node, kWorker, config, hydra::Self());
//   absl::StatusOr<int> count = co_await hydra::rpc::Call(node, kCountOf, text);
//
// A program in which there is such an object calls the function for each node that is connected with it: so there is no
// calling of anything else from outside. The object is one of the namespace, made before main; a library that has it and is
// used for nothing else must be linked whole (alwayslink).
//
// Parameters are values of types that can cross nodes (process/wire.h), and so is the result, if it is to be called. Name
// and parameters stay as they are once nodes that know them may be about: a new parameter is a new entry point.
#ifndef HYDRA_RPC_ENTRY_POINT_H_
#define HYDRA_RPC_ENTRY_POINT_H_

#include <memory>
#include <string>
#include <utility>

#include "hydra/rpc/internal/entry_points.h"
#include "hydra/rpc/internal/function.h"
#include "hydra/rpc/internal/invocation.h"
#include "hydra/rpc/internal/order.h"

namespace hydra {

// `kFunction` is a function, which returns any type or an Async of it; it may be a coroutine.
//
// Thread safety: any thread.
template <auto kFunction>
class EntryPoint {
  using Function = rpc_internal::Function<kFunction>;
  static_assert(Function::kTakesValues,
                "an entry point takes its parameters by value: what a reference refers to stays on "
                "the node that calls");
  static_assert(Function::kTakesWireReady,
                "an entry point's parameters come from other nodes: see process/wire.h for the "
                "types that can");

 public:
  // What it yields.
  using Result = typename Function::Result;

  // In one program a name has one function; two are a fatal error.
  explicit EntryPoint(std::string name) : name_(std::move(name)) {
    rpc_internal::RegisterEntryPoint(name_, &Function::Read);
    rpc_internal::TakeOrdersOnNodes();
  }
  EntryPoint(const EntryPoint&) = delete;
  EntryPoint& operator=(const EntryPoint&) = delete;

  const std::string& name() const { return name_; }

  // For spawn_on.h and rpc.h: a call of it.
  template <typename... Args>
  std::unique_ptr<rpc_internal::Invocation> Invoke(Args&&... args) const {
    static_assert(Function::template Takes<Args...>(),
                  "the entry point can't be called with these arguments");
    return Function::Make(std::forward<Args>(args)...);
  }

 private:
  const std::string name_;
};

}  // namespace hydra

#endif  // HYDRA_RPC_ENTRY_POINT_H_
