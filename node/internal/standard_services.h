// StandardServices: gRPC's health checks and reflection, on the server and the completion queue of a node's links. They
// have no thread: a node that nobody asks is idle with them, too.
//
// Whoever can connect may call them. So few calls are taken at a time, each is short but for a Watch, and of these there
// are fewer.
//
// Compiled without TSan, as grpc_links.cc is: the state of calls is used by one event at a time.
#ifndef HYDRA_NODE_INTERNAL_STANDARD_SERVICES_H_
#define HYDRA_NODE_INTERNAL_STANDARD_SERVICES_H_

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "hydra/base/mutex.h"
#include "hydra/node/internal/standard_answers.h"

namespace hydra::node_internal {

class StandardCall;

class StandardServices {
 public:
  // A call that isn't a Watch may take so long.
  StandardServices(StandardAnswers answers, absl::Duration call_limit);
  ~StandardServices();

  // To be called before the server is built.
  void Register(grpc::ServerBuilder& builder) { builder.RegisterAsyncGenericService(&service_); }

  // Takes calls from now on, until the server is shut down.
  void Begin(grpc::ServerCompletionQueue* queue);

  // From now on the node isn't serving: those who watch are told, and all calls end. To be called between events.
  void StopServing();

  // Each waits until that is so. The second before the queue is shut down, and after the server has been.
  void AwaitNoCall(absl::Duration limit);
  void AwaitNothing();

 private:
  friend class StandardCall;

  void AwaitNext();
  // Returns whether there may be one more of that kind.
  bool Admit(bool is_watch);
  void Ended(const std::shared_ptr<StandardCall>& call, bool was_called, bool was_watch);

  const StandardAnswers answers_;
  const absl::Duration call_limit_;
  grpc::AsyncGenericService service_;
  grpc::ServerCompletionQueue* queue_ = nullptr;
  bool is_serving_ = true;

  Mutex mutex_;
  CondVar changed_;
  // Those that have been called, and one that waits to be.
  absl::flat_hash_set<std::shared_ptr<StandardCall>> living_ ABSL_GUARDED_BY(mutex_);
  size_t called_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t watches_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_STANDARD_SERVICES_H_
