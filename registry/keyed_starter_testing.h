// Processes that a KeyedStarter starts, and what tests ask of it.
#ifndef HYDRA_REGISTRY_KEYED_STARTER_TESTING_H_
#define HYDRA_REGISTRY_KEYED_STARTER_TESTING_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/registry/keyed_starter.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra::registry_testing {

// What a Room tells of itself.
struct Event {
  std::string what;  // "start lobby", "end lobby"
  ExitReason reason;
};

// A server that tells of its start and its orderly end, which takes `end_takes`.
class Room {
 public:
  using Protocol = hydra::Protocol<>;

  Room(Pid owner, std::string name, absl::Duration end_takes = absl::ZeroDuration())
      : owner_(owner), name_(std::move(name)), end_takes_(end_takes) {}
  void Init() {
    TrapExit(true);
    Send(owner_, Event{"start " + name_, {}});
  }
  Async<> Terminate(const ExitReason& reason) {
    if (end_takes_ > absl::ZeroDuration()) co_await Sleep(end_takes_);
    Send(owner_, Event{"end " + name_, reason});
  }

 private:
  const Pid owner_;
  const std::string name_;
  const absl::Duration end_takes_;
};

using Rooms = KeyedStarter<std::string>;

// Starts a Room for each key, and tells the caller.
inline Rooms RoomsOf(Pid owner, ChildOptions options = {}, KeyedStarterOptions starter = {}) {
  return Rooms(
      [owner, options](std::string name) { return Child<Room>(options, owner, std::move(name)); },
      std::move(starter));
}

// Starts the starter's process, linked to the caller, which traps exits from now on.
template <typename Key>
Async<Pid> Begin(KeyedStarter<Key> starter) {
  TrapExit(true);
  const absl::StatusOr<Pid> pid = co_await starter.StartLink();
  EXPECT_THAT(pid, IsOk());
  co_return pid.value();
}

// What has been told by now, oldest first.
inline Async<std::vector<std::string>> Events() {
  std::vector<std::string> all;
  for (Event& event : co_await Flush<Event>()) all.push_back(std::move(event.what));
  co_return all;
}

// Ends it, and waits until it has ended.
inline Async<> Kill(Pid pid) {
  const Ref ref = Monitor(pid);
  Exit(pid, ExitReason::Kill());
  co_await Receive<Down>().For(ref);
}

}  // namespace hydra::registry_testing

#endif  // HYDRA_REGISTRY_KEYED_STARTER_TESTING_H_
