// Does one thing many times on one scheduler, for a count of its instructions:
//
//   paths ping|burst|spawn|yield N
//
// See docs/performance.md.
#include <cstdlib>
#include <string_view>

#include "hydra/process/process.h"

namespace {

struct Ping {
  hydra::Pid from;
};
struct Pong {};

hydra::Async<> Ponger() {
  for (;;) {
    const Ping ping = co_await hydra::Receive<Ping>();
    hydra::Send(ping.from, Pong{});
  }
}

hydra::Async<> PingPong(int n) {
  const hydra::Pid ponger = hydra::Spawn(Ponger);
  for (int i = 0; i < n; ++i) {
    hydra::Send(ponger, Ping{hydra::Self()});
    co_await hydra::Receive<Pong>();
  }
}

hydra::Async<> Counter(int n, hydra::Pid done) {
  for (int i = 0; i < n; ++i) co_await hydra::Receive<Pong>();
  hydra::Send(done, Ping{});
}

hydra::Async<> Burst(int n) {
  const hydra::Pid counter = hydra::Spawn(Counter, n, hydra::Self());
  for (int i = 0; i < n; ++i) hydra::Send(counter, Pong{});
  co_await hydra::Receive<Ping>();
}

hydra::Async<> Nothing() { co_return; }

hydra::Async<> Spawns(int n) {
  for (int i = 0; i < n; ++i) {
    hydra::Spawn(Nothing);
    co_await hydra::Yield();
  }
}

hydra::Async<> Yields(int n) {
  for (int i = 0; i < n; ++i) co_await hydra::Yield();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 1;
  const std::string_view what = argv[1];
  const int n = std::atoi(argv[2]);
  hydra::Runtime runtime({.schedulers = 1});
  if (what == "ping") runtime.Run(PingPong, n);
  if (what == "burst") runtime.Run(Burst, n);
  if (what == "spawn") runtime.Run(Spawns, n);
  if (what == "yield") runtime.Run(Yields, n);
}
