#include "hydra/benchmarks/workloads.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <functional>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/process/process.h"

namespace hydra::benchmarks {
namespace {

struct Done {};
struct Go {};

// Runs `body(measured, args...)` as a process on a new runtime.
template <typename... Args>
Measured RunOnRuntime(Async<> (*body)(Measured*, Args...), Args... args) {
  Measured measured;
  Runtime runtime;
  const ExitReason reason = runtime.Run(body, &measured, args...);
  HYDRA_CHECK(reason.IsClean()) << reason.ToString();
  return measured;
}

Async<> AwaitDone(int64_t count) {
  for (int64_t i = 0; i < count; ++i) co_await Receive<Done>();
}

// ---- Ping-pong: pairs that send each other one message at a time. Both directions count.

struct Ping {
  Pid from;
};
struct Pong {};

Async<> Ponger() {
  for (;;) {
    const Ping ping = co_await Receive<Ping>();
    Send(ping.from, Pong{});
  }
}

Async<> Pinger(Pid owner, int64_t rounds) {
  const Pid ponger = Spawn(Ponger);
  for (int64_t i = 0; i < rounds; ++i) {
    Send(ponger, Ping{Self()});
    co_await Receive<Pong>();
  }
  Exit(ponger, ExitReason::Shutdown());
  Send(owner, Done{});
}

Async<> PingPong(Measured* measured, int64_t pairs, int64_t messages) {
  const absl::Time start = absl::Now();
  for (int64_t i = 0; i < pairs; ++i) Spawn(Pinger, Self(), messages / pairs / 2);
  co_await AwaitDone(pairs);
  measured->elapsed = absl::Now() - start;
  measured->operations = static_cast<double>(messages / pairs / 2 * 2 * pairs);
}

// ---- Fan-in: senders that flood one receiver.

struct Number {
  int64_t value;
};

Async<> Flood(Pid receiver, int64_t messages) {
  for (int64_t i = 0; i < messages; ++i) Send(receiver, Number{i});
  co_return;
}

Async<> FanIn(Measured* measured, int64_t senders, int64_t messages) {
  const absl::Time start = absl::Now();
  for (int64_t i = 0; i < senders; ++i) Spawn(Flood, Self(), messages / senders);
  for (int64_t i = 0; i < messages / senders * senders; ++i) co_await Receive<Number>();
  measured->elapsed = absl::Now() - start;
  measured->operations = static_cast<double>(messages / senders * senders);
}

// ---- Ring: one token that goes from process to process.

struct Token {
  int64_t hops_left;
};

Async<> RingMember(Pid owner, Pid next) {
  for (;;) {
    const Token token = co_await Receive<Token>();
    if (token.hops_left == 0) {
      Send(owner, Done{});
    } else {
      Send(next, Token{token.hops_left - 1});
    }
  }
}

// The member that closes the ring.
Async<> RingHead(Pid owner) { co_await RingMember(owner, co_await Receive<Pid>()); }

Async<> Ring(Measured* measured, int64_t processes, int64_t hops) {
  const Pid head = Spawn(RingHead, Self());
  std::vector<Pid> members = {head};
  for (int64_t i = 1; i < processes; ++i)
    members.push_back(Spawn(RingMember, Self(), members.back()));
  Send(head, members.back());
  const absl::Time start = absl::Now();
  Send(head, Token{hops});
  co_await Receive<Done>();
  measured->elapsed = absl::Now() - start;
  measured->operations = static_cast<double>(hops);
  for (const Pid& member : members) Exit(member, ExitReason::Shutdown());
}

// ---- Spawn: processes that each wait for one message, are sent it, and end.

int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  statm >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

Async<> WaitOnce(Pid owner) {
  Send(owner, Done{});
  co_await Receive<Go>();
  Send(owner, Done{});
}

Async<> SpawnAndWake(Measured* measured, int64_t processes) {
  std::vector<Pid> spawned;
  spawned.reserve(processes);
  const int64_t bytes_before = ResidentBytes();
  const absl::Time start = absl::Now();
  for (int64_t i = 0; i < processes; ++i) spawned.push_back(Spawn(WaitOnce, Self()));
  co_await AwaitDone(processes);
  const absl::Duration to_idle = absl::Now() - start;
  const int64_t bytes =
      ResidentBytes() - bytes_before - static_cast<int64_t>(processes * sizeof(Pid));
  for (const Pid& pid : spawned) Send(pid, Go{});
  co_await AwaitDone(processes);
  measured->elapsed = absl::Now() - start;
  measured->operations = static_cast<double>(processes);
  measured->figures = {
      {"spawned_to_idle_per_s", static_cast<double>(processes) / absl::ToDoubleSeconds(to_idle)},
      {"bytes_per_process", static_cast<double>(bytes) / static_cast<double>(processes)},
  };
}

// ---- Skynet: a tree of processes, ten children each, whose leaves are numbered and summed up.

struct Sum {
  int64_t value;
};

// Counts how many of the tree's processes are alive, if it is wanted: that costs time.
struct Census {
  std::atomic<int64_t> alive{0};
  std::atomic<int64_t> peak{0};
};

class Counted {
 public:
  explicit Counted(Census* census) : census_(census) {
    if (census_ == nullptr) return;
    const int64_t alive = census_->alive.fetch_add(1) + 1;
    for (int64_t peak = census_->peak;
         peak < alive && !census_->peak.compare_exchange_weak(peak, alive);)
      continue;
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() {
    if (census_ != nullptr) census_->alive.fetch_sub(1);
  }

 private:
  Census* const census_;
};

Async<> SkynetNode(Census* census, Pid parent, int64_t first, int64_t leaves) {
  const Counted counted(census);
  int64_t sum = first;
  if (leaves > 1) {
    for (int64_t i = 0; i < 10; ++i) {
      Spawn(SkynetNode, census, Self(), first + i * (leaves / 10), leaves / 10);
    }
    sum = 0;
    for (int i = 0; i < 10; ++i) sum += (co_await Receive<Sum>()).value;
  }
  Send(parent, Sum{sum});
}

Async<> SkynetTree(Measured* measured, int64_t leaves, Census* census) {
  const absl::Time start = absl::Now();
  Spawn(SkynetNode, census, Self(), int64_t{0}, leaves);
  const Sum sum = co_await Receive<Sum>();
  measured->elapsed = absl::Now() - start;
  HYDRA_CHECK(sum.value == leaves * (leaves - 1) / 2);
  for (int64_t level = leaves; level > 0; level /= 10)
    measured->operations += static_cast<double>(level);
}

Measured Skynet(int64_t leaves) {
  Measured measured = RunOnRuntime(SkynetTree, leaves, static_cast<Census*>(nullptr));
  Census census;
  RunOnRuntime(SkynetTree, leaves, &census);
  measured.figures = {{"peak_alive", static_cast<double>(census.peak)}};
  return measured;
}

// ---- Timers: started, then cancelled.

Async<> StartAndCancel(Measured* measured, int64_t timers) {
  std::vector<TimerRef> started;
  started.reserve(timers);
  const absl::Time start = absl::Now();
  for (int64_t i = 0; i < timers; ++i) {
    started.push_back(SendAfter(absl::Seconds(10 + i % 50), Self(), Go{}));
  }
  for (const TimerRef& timer : started) HYDRA_CHECK(CancelTimer(timer).has_value());
  measured->elapsed = absl::Now() - start;
  measured->operations = static_cast<double>(timers);
  co_return;
}

// ---- Idle: what it costs to do nothing.

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

Async<> Idle(Measured* measured, int64_t processes, absl::Duration duration) {
  for (int64_t i = 0; i < processes; ++i) Spawn(WaitOnce, Self());
  co_await AwaitDone(processes);
  for (int64_t i = 0; i < processes; ++i) SendAfter(absl::Hours(1), Self(), Go{});
  co_await Sleep(absl::Seconds(1));
  const double cpu_before = CpuSeconds();
  co_await Sleep(duration);
  measured->figures = {{"cpu_seconds", CpuSeconds() - cpu_before}};
  measured->elapsed = duration;
  measured->operations = static_cast<double>(processes);
}

template <typename... Args>
std::function<Measured()> On(Async<> (*body)(Measured*, Args...),
                             std::type_identity_t<Args>... args) {
  return [=] { return RunOnRuntime<Args...>(body, args...); };
}

}  // namespace

const std::vector<Workload>& Workloads() {
  static const auto* const workloads = new std::vector<Workload>{
      {"ping_pong_1", "message", On(PingPong, 1, 4'000'000)},
      {"ping_pong_2", "message", On(PingPong, 2, 8'000'000)},
      {"ping_pong_64", "message", On(PingPong, 64, 8'000'000)},
      {"fan_in_1", "message", On(FanIn, 1, 5'000'000)},
      {"fan_in_2", "message", On(FanIn, 2, 5'000'000)},
      {"fan_in_8", "message", On(FanIn, 8, 5'000'000)},
      {"ring", "hop", On(Ring, 10'000, 2'000'000)},
      {"spawn", "process", On(SpawnAndWake, 1'000'000)},
      {"skynet", "process", [] { return Skynet(1'000'000); }},
      {"timers", "timer", On(StartAndCancel, 1'000'000)},
      {"idle", "process", On(Idle, 1'000'000, absl::Seconds(10))},
  };
  return *workloads;
}

}  // namespace hydra::benchmarks
