// Hydra's own figure: one pair of processes for each core plays ping-pong, and every second the
// number of round trips is printed.
//
//   ./bazelw run --config=opt //benchmarks:messages              (ten seconds)
//   ./bazelw run --config=opt //benchmarks:messages -- --seconds=60
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "hydra/process/process.h"

namespace {

struct Ping {
  hydra::Pid from;
};
struct Pong {};
struct Report {
  hydra::Pid to;
};

hydra::Async<> Ponger() {
  for (;;) {
    const Ping ping = co_await hydra::Receive<Ping>();
    hydra::Send(ping.from, Pong{});
  }
}

// Plays until the runtime ends, and says how many round trips there were since it was last asked.
hydra::Async<> Pinger() {
  const hydra::Pid ponger = hydra::Spawn(Ponger);
  int64_t round_trips = 0;
  for (;;) {
    hydra::Send(ponger, Ping{hydra::Self()});
    co_await hydra::Receive<Pong>();
    ++round_trips;
    if (round_trips % 1024 != 0) continue;
    if (const auto report = co_await hydra::Receive<Report>().Within(absl::ZeroDuration())) {
      hydra::Send(report->to, round_trips);
      round_trips = 0;
    }
  }
}

hydra::Async<> PrintEverySecond(int pairs, int seconds) {
  std::vector<hydra::Pid> pingers;
  for (int i = 0; i < pairs; ++i) pingers.push_back(hydra::Spawn(Pinger));
  absl::Time last = hydra::Now();
  for (int second = 0; second < seconds; ++second) {
    co_await hydra::Sleep(absl::Seconds(1));
    hydra::Send(pingers, Report{hydra::Self()});
    int64_t round_trips = 0;
    for (int i = 0; i < pairs; ++i) round_trips += co_await hydra::Receive<int64_t>();
    const absl::Time now = hydra::Now();
    const double rate = static_cast<double>(round_trips) / absl::ToDoubleSeconds(now - last);
    last = now;
    std::cout << static_cast<int64_t>(rate) << " msg/s\n" << std::flush;
  }
}

}  // namespace

int main(int argc, char** argv) {
  int seconds = 10;
  if (argc > 2 || (argc == 2 && std::sscanf(argv[1], "--seconds=%d", &seconds) != 1)) {
    std::cerr << "usage: messages [--seconds=N]\n";
    return 1;
  }
  const int pairs = static_cast<int>(std::thread::hardware_concurrency());
  hydra::Runtime runtime;
  std::cout << pairs << " pairs; a round trip is counted once\n" << std::flush;
  return runtime.Run(PrintEverySecond, pairs, seconds).IsClean() ? 0 : 1;
}
