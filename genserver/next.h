// What a server does after a callback has returned. By default it waits for the next message; a callback
// that wants anything else returns a `Next`, or, where it answers a call, a `ReplyThen`:
//
//   hydra::Next HandleCast(Flush) {
//     return hydra::Next::IdleTimeout(absl::Seconds(30));
//   }
//   hydra::ReplyThen<int> HandleCall(Close) {
//     return {count_, hydra::Next::Stop(hydra::ExitReason::Normal())};
//   }
#ifndef HYDRA_GENSERVER_NEXT_H_
#define HYDRA_GENSERVER_NEXT_H_

#include <cstdint>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/message.h"

namespace hydra {

// Movable.
class [[nodiscard]] Next {
 public:
  enum class Kind : uint8_t { kReceive, kIdleTimeout, kHibernate, kContinue, kStop };

  // Waits for the next message.
  Next() = default;

  // The same, but if none comes within `timeout` the server gets an `IdleTimeout`. Messages that have
  // come already are handled first, also with a timeout of zero. Any message ends it; it doesn't start
  // anew by itself.
  static Next IdleTimeout(absl::Duration timeout) {
    Next next(Kind::kIdleTimeout);
    next.timeout_ = timeout;
    return next;
  }

  // The same as the default, after giving back the memory that the server can do without while it waits:
  // worth it when it will wait for long. Calls the server's `Hibernate()`, if it has one, in which it
  // gives back its own.
  static Next Hibernate() { return Next(Kind::kHibernate); }

  // Calls `HandleContinue(step)` before any other message is handled.
  template <typename Step>
  static Next Continue(Step&& step) {
    Next next(Kind::kContinue);
    next.step_ = Message(std::forward<Step>(step));
    return next;
  }

  // The server ends: `Terminate(reason)`, if it has that, and then exits with `reason`.
  static Next Stop(ExitReason reason) {
    Next next(Kind::kStop);
    next.reason_ = std::move(reason);
    return next;
  }

  Kind kind() const { return kind_; }
  absl::Duration timeout() const { return timeout_; }
  const ExitReason& reason() const { return reason_; }
  Message& step() { return step_; }

 private:
  explicit Next(Kind kind) : kind_(kind) {}

  Kind kind_ = Kind::kReceive;
  absl::Duration timeout_ = absl::InfiniteDuration();
  Message step_;
  ExitReason reason_;
};

// The answer to a call, and what the server does then. With Next::Stop the caller gets the answer after
// `Terminate`.
template <typename Reply>
struct ReplyThen {
  Reply reply;
  Next next;
};
template <typename Reply>
ReplyThen(Reply, Next) -> ReplyThen<Reply>;

// What `Init` may return: see genserver.h.
class [[nodiscard]] InitResult {
 public:
  // NOLINTBEGIN(google-explicit-constructor): what Init returns is one of these.
  // The server has started, and does that next. Next::Stop(reason) starts nothing: `Start` fails with
  // that reason.
  InitResult(Next next = Next()) : next_(std::move(next)) {}
  // An error is what `Start` fails with; nothing is logged, and the process ends as `normal`.
  InitResult(absl::Status status) : status_(std::move(status)) {}
  // NOLINTEND(google-explicit-constructor)

  // Nothing is to be started, and that is no error: `Start` yields `IsIgnored(status)`.
  static InitResult Ignore() {
    InitResult result;
    result.ignored_ = true;
    return result;
  }

  bool ignored() const { return ignored_; }
  const absl::Status& status() const { return status_; }
  Next& next() { return next_; }

 private:
  bool ignored_ = false;
  absl::Status status_;
  Next next_;
};

// Is handed to `HandleInfo` when no message has come for the time of Next::IdleTimeout.
struct IdleTimeout {};

}  // namespace hydra

#endif  // HYDRA_GENSERVER_NEXT_H_
