// The process behind a KeyedStarter. See keyed_starter.h.
#ifndef HYDRA_REGISTRY_INTERNAL_STARTER_SERVER_H_
#define HYDRA_REGISTRY_INTERNAL_STARTER_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/genserver/next.h"
#include "hydra/genserver/protocol.h"
#include "hydra/genserver/start.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/link.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/registry/internal/started_table.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/dynamic_supervisor.h"

namespace hydra::registry_internal {

// A DynamicSupervisor of temporary children, and the table of their keys.
template <typename Key>
class StarterServer {
 public:
  static constexpr ChildType kChildType = ChildType::kSupervisor;

  struct LookupOrStart {
    using Reply = absl::StatusOr<Pid>;
    Key key;
  };
  struct Start {
    using Reply = absl::StatusOr<Pid>;
    Key key;
  };
  struct Stop {
    using Reply = absl::Status;
    Key key;
  };
  struct Remove {
    using Reply = absl::StatusOr<Pid>;
    Key key;
  };
  using Protocol =
      hydra::Protocol<LookupOrStart, Start, Stop, Remove, supervisor_internal::WhichChildren,
                      supervisor_internal::CountChildren>;
  using Infos = hydra::Infos<ExitSignal>;

  StarterServer(std::function<ChildSpec(Key)> child, std::shared_ptr<StartedTable<Key>> table)
      : child_(std::move(child)), table_(std::move(table)) {}
  StarterServer(const StarterServer&) = delete;
  StarterServer& operator=(const StarterServer&) = delete;
  ~StarterServer() {
    if (is_open_) table_->Close();
  }

  absl::Status Init() {
    const absl::Status status = table_->Open(Self());
    is_open_ = status.ok();
    return is_open_ ? children_.Init() : status;
  }

  Async<absl::StatusOr<Pid>> HandleCall(LookupOrStart request) {
    if (const Pid known = table_->WhereIs(request.key)) co_return known;
    co_return co_await StartFor(std::move(request.key));
  }

  Async<absl::StatusOr<Pid>> HandleCall(Start request) {
    if (const Pid known = table_->WhereIs(request.key))
      co_return NameTakenError("the key belongs to " + known.ToString(), known);
    co_return co_await StartFor(std::move(request.key));
  }

  Async<absl::Status> HandleCall(Stop request) {
    const Pid pid = table_->WhereIs(request.key);
    if (!pid) co_return NoProcess();
    table_->Remove(pid);
    co_return co_await children_.HandleCall(DynamicSupervisor::TerminateChild{pid});
  }

  Async<absl::StatusOr<Pid>> HandleCall(Remove request) {
    const Pid pid = table_->WhereIs(request.key);
    if (!pid) co_return NoProcess();
    table_->Remove(pid);
    Unlink(pid);
    // As far as the children go it has ended.
    static_cast<void>(co_await children_.HandleInfo(ExitSignal{pid, ExitReason::Normal()}));
    co_return pid;
  }

  std::vector<ChildInfo> HandleCall(supervisor_internal::WhichChildren which) {
    return children_.HandleCall(which);
  }
  ChildCounts HandleCall(supervisor_internal::CountChildren count) {
    return children_.HandleCall(count);
  }

  Async<Next> HandleInfo(ExitSignal exit) {
    table_->Remove(exit.from);
    return children_.HandleInfo(std::move(exit));
  }

  Async<> Terminate(const ExitReason& reason) { return children_.Terminate(reason); }
  std::string FormatStatus() const { return children_.FormatStatus(); }

 private:
  static absl::Status NoProcess() { return absl::NotFoundError("there is no process of the key"); }

  absl::StatusOr<ChildSpec> SpecFor(const Key& key) const {
    try {
      ChildSpec spec = child_(key);
      spec.restart = Restart::kTemporary;
      return spec;
    } catch (...) {
      return EndedError("what makes its spec", CatchExit());
    }
  }

  Async<absl::StatusOr<Pid>> StartFor(Key key) {
    absl::StatusOr<ChildSpec> spec = SpecFor(key);
    if (!spec.ok()) co_return spec.status();
    const absl::StatusOr<Pid> pid =
        co_await children_.HandleCall(DynamicSupervisor::StartChild{*std::move(spec)});
    if (!pid.ok()) co_return pid;
    if (!*pid) co_return IgnoredError("the start was ignored");
    table_->Add(std::move(key), *pid);
    co_return pid;
  }

  const std::function<ChildSpec(Key)> child_;
  const std::shared_ptr<StartedTable<Key>> table_;
  bool is_open_ = false;
  DynamicSupervisor children_{DynamicSupervisorOptions()};
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_STARTER_SERVER_H_
