// Two processes that play ping-pong.
#include <iostream>
#include <optional>

#include "absl/time/time.h"
#include "hydra/process/process.h"

namespace {

struct Ping {
  hydra::Pid from;
  int round;
};
struct Pong {
  int round;
};

hydra::Async<> Ponger() {
  for (;;) {
    const Ping ping = co_await hydra::Receive<Ping>();  // anything else stays in the mailbox
    hydra::Send(ping.from, Pong{ping.round});
  }
}

hydra::Async<> Pinger(int rounds) {
  const hydra::Pid ponger = hydra::Spawn(Ponger);
  for (int round = 1; round <= rounds; ++round) {
    hydra::Send(ponger, Ping{.from = hydra::Self(), .round = round});
    const std::optional<Pong> pong = co_await hydra::Receive<Pong>().Within(absl::Seconds(1));
    if (!pong.has_value()) co_return;
    std::cout << "pong " << pong->round << " from " << ponger << "\n";
  }
}

}  // namespace

int main() {
  hydra::Runtime runtime;
  const hydra::ExitReason reason = runtime.Run(Pinger, 5);
  std::cout << "pinger ended: " << reason << "\n";
  return reason.IsClean() ? 0 : 1;
}
