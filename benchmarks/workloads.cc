#include "hydra/benchmarks/workloads.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/benchmarks/done.h"
#include "hydra/benchmarks/lookups.h"
#include "hydra/benchmarks/measuring.h"
#include "hydra/benchmarks/nodes.h"
#include "hydra/benchmarks/other_process.h"
#include "hydra/benchmarks/registration.h"
#include "hydra/benchmarks/supervision.h"
#include "hydra/genserver/genserver.h"
#include "hydra/node/node.h"
#include "hydra/process/process.h"

namespace hydra::benchmarks {
namespace {

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

Async<Measured> PingPong(Setup setup) {
  const int64_t pairs = setup.parameter;
  const int64_t rounds = setup.operations / 2 / pairs;
  const absl::Time start = Now();
  for (int64_t i = 0; i < pairs; ++i) Spawn(Pinger, Self(), rounds);
  co_await AwaitDone(pairs);
  co_return Measured{static_cast<double>(2 * rounds * pairs), SecondsSince(start)};
}

// ---- Fan-in: senders that flood one receiver.

struct Number {
  int64_t value;
};

Async<> Flood(Pid receiver, int64_t messages) {
  for (int64_t i = 0; i < messages; ++i) Send(receiver, Number{i});
  co_return;
}

Async<Measured> FanIn(Setup setup) {
  const int64_t senders = setup.parameter;
  const int64_t messages = setup.operations / senders;
  const absl::Time start = Now();
  for (int64_t i = 0; i < senders; ++i) Spawn(Flood, Self(), messages);
  for (int64_t i = 0; i < messages * senders; ++i) co_await Receive<Number>();
  co_return Measured{static_cast<double>(messages * senders), SecondsSince(start)};
}

// ---- Ring: one token that goes round the owner and the processes that it has spawned.

struct Token {};

Async<> RingMember(Pid next, int64_t laps) {
  for (int64_t lap = 0; lap < laps; ++lap) {
    co_await Receive<Token>();
    Send(next, Token{});
  }
}

Async<Measured> Ring(Setup setup) {
  const int64_t processes = setup.parameter;
  const int64_t laps = setup.operations / processes;
  Pid next = Self();
  for (int64_t i = 1; i < processes; ++i) next = Spawn(RingMember, next, laps);
  const absl::Time start = Now();
  for (int64_t lap = 0; lap < laps; ++lap) {
    Send(next, Token{});
    co_await Receive<Token>();
  }
  co_return Measured{static_cast<double>(processes * laps), SecondsSince(start)};
}

// ---- Spawn: processes that each say that they wait, are sent a message, say so, and end.

struct Wake {};

Async<> WaitOnce(Pid owner) {
  Send(owner, Done{});
  co_await Receive<Wake>();
  Send(owner, Done{});
}

// Fills `waiting` with processes that have come to wait. A thousand at a time: what they say
// doesn't pile up, and the memory that they take is their own.
Async<> SpawnWaiting(std::span<Pid> waiting) {
  for (size_t i = 0; i < waiting.size(); i += 1000) {
    const std::span<Pid> batch = waiting.subspan(i, std::min<size_t>(1000, waiting.size() - i));
    for (Pid& pid : batch) pid = Spawn(WaitOnce, Self());
    co_await AwaitDone(static_cast<int64_t>(batch.size()));
  }
}

Async<Measured> SpawnAndWake(Setup setup) {
  std::vector<Pid> waiting(setup.operations);
  const auto processes = static_cast<double>(setup.operations);
  const double bytes_before = ResidentBytes();
  const absl::Time start = Now();
  co_await SpawnWaiting(waiting);
  const double spawned = SecondsSince(start);
  const double bytes = ResidentBytes() - bytes_before;
  for (const Pid& pid : waiting) Send(pid, Wake{});
  co_await AwaitDone(setup.operations);
  co_return Measured{
      processes,
      SecondsSince(start),
      {{{"spawned_per_s", processes / spawned}, {"bytes_per_process", bytes / processes}}}};
}

// ---- Skynet: a tree of processes whose leaves are numbered and summed up.

struct Sum {
  int64_t value;
};

Async<> SkynetNode(Pid parent, int64_t first, int64_t leaves, int64_t fan_out) {
  int64_t sum = first;
  if (leaves > 1) {
    const int64_t share = leaves / fan_out;
    for (int64_t i = 0; i < fan_out; ++i) {
      Spawn(SkynetNode, Self(), first + i * share, share, fan_out);
    }
    sum = 0;
    for (int64_t i = 0; i < fan_out; ++i) sum += (co_await Receive<Sum>()).value;
  }
  Send(parent, Sum{sum});
}

struct PeakRequest {
  Pid from;
};
struct Peak {
  double processes;
};

// Looks every millisecond how many processes there are, and says the most that it has seen.
Async<> WatchPeak(const Runtime* runtime) {
  size_t peak = 0;
  std::optional<PeakRequest> request;
  while (!request.has_value()) {
    peak = std::max(peak, runtime->process_count());
    request = co_await Receive<PeakRequest>().Within(absl::Milliseconds(1));
  }
  Send(request->from, Peak{static_cast<double>(peak)});
}

Async<Measured> Skynet(Setup setup) {
  const int64_t leaves = setup.operations;
  const Pid watch = *SpawnWith({.priority = Priority::kHigh}, WatchPeak, setup.runtime);
  const absl::Time start = Now();
  Spawn(SkynetNode, Self(), int64_t{0}, leaves, setup.parameter);
  const Sum sum = co_await Receive<Sum>();
  const double seconds = SecondsSince(start);
  HYDRA_CHECK(sum.value == leaves * (leaves - 1) / 2);
  Send(watch, PeakRequest{Self()});
  const Peak peak = co_await Receive<Peak>();
  co_return Measured{static_cast<double>(leaves), seconds, {{{"peak_alive", peak.processes}}}};
}

// ---- Timers: started, then cancelled.

Async<Measured> StartAndCancel(Setup setup) {
  std::vector<TimerRef> timers(setup.operations);
  const absl::Time start = Now();
  for (size_t i = 0; i < timers.size(); ++i) {
    timers[i] = SendAfter(absl::Seconds(10 + i % 51), Self(), Wake{});
  }
  for (const TimerRef& timer : timers) HYDRA_CHECK(CancelTimer(timer).has_value());
  co_return Measured{static_cast<double>(setup.operations), SecondsSince(start)};
}

// ---- Links and monitors: made and ended. The partner has taken all of them in when it answers.

Async<> AwaitAnswer(Pid ponger) {
  Send(ponger, Ping{Self()});
  co_await Receive<Pong>();
}

Async<Measured> LinkAndUnlink(Setup setup) {
  const Pid partner = Spawn(Ponger);
  co_await AwaitAnswer(partner);
  const absl::Time start = Now();
  for (int64_t i = 0; i < setup.operations; ++i) {
    Link(partner);
    Unlink(partner);
  }
  co_await AwaitAnswer(partner);
  co_return Measured{static_cast<double>(setup.operations), SecondsSince(start)};
}

Async<Measured> MonitorAndDemonitor(Setup setup) {
  const Pid partner = Spawn(Ponger);
  co_await AwaitAnswer(partner);
  const absl::Time start = Now();
  for (int64_t i = 0; i < setup.operations; ++i) Demonitor(Monitor(partner));
  co_await AwaitAnswer(partner);
  co_return Measured{static_cast<double>(setup.operations), SecondsSince(start)};
}

// ---- Links and monitors that stay: what each takes.

Async<> AnswerWakes(Pid owner) {
  for (;;) {
    Send(owner, Done{});
    co_await Receive<Wake>();
  }
}

// Relates the caller to so many processes that wait. They are spawned and related one by one, so
// that no signals pile up: the memory is that of what stays.
Async<Measured> RelateToMany(int64_t count, void (*relate)(Pid), const char* bytes_per_relation) {
  std::vector<Pid> partners(count);
  for (Pid& partner : partners) {
    partner = Spawn(AnswerWakes, Self());
    co_await AwaitDone(1);
  }
  const double bytes_before = ResidentBytes();
  const absl::Time start = Now();
  for (const Pid& partner : partners) {
    relate(partner);
    Send(partner, Wake{});
    co_await AwaitDone(1);
  }
  const double bytes = ResidentBytes() - bytes_before;
  co_return Measured{
      0, SecondsSince(start), {{{bytes_per_relation, bytes / static_cast<double>(count)}}}};
}

Async<Measured> KeepLinks(Setup setup) {
  return RelateToMany(setup.operations, [](Pid pid) { Link(pid); }, "bytes_per_link");
}

Async<Measured> KeepMonitors(Setup setup) {
  return RelateToMany(setup.operations, [](Pid pid) { Monitor(pid); }, "bytes_per_monitor");
}

// ---- Spawn-link: processes that end at once, one after the other; their exits are trapped.

// By a signal to itself, which acts when it waits. Nothing is thrown.
Async<> ExitBySignal() {
  Exit(Self(), ExitReason::Shutdown());
  co_await Receive<Wake>();
}

// By an exception.
Async<> ExitByThrowing() {
  ExitSelf(ExitReason::Shutdown());
  co_return;
}

Async<Measured> SpawnLinked(Setup setup) {
  const auto body = setup.parameter == 0 ? ExitBySignal : ExitByThrowing;
  TrapExit(true);
  const absl::Time start = Now();
  for (int64_t i = 0; i < setup.operations; ++i) {
    const Pid pid = SpawnLink(body);
    const ExitSignal end = co_await Receive<ExitSignal>();
    HYDRA_CHECK(end.from == pid && end.reason == ExitReason::Shutdown());
  }
  co_return Measured{static_cast<double>(setup.operations), SecondsSince(start)};
}

// ---- Select: receives past messages of another type, which stay in the mailbox.

struct Wanted {};

Async<Measured> Select(Setup setup) {
  for (int64_t i = 0; i < setup.parameter; ++i) Send(Self(), Number{i});
  const absl::Time start = Now();
  for (int64_t i = 0; i < setup.operations; ++i) {
    Send(Self(), Wanted{});
    co_await Receive<Wanted>();
  }
  co_return Measured{static_cast<double>(setup.operations), SecondsSince(start)};
}

// ---- Calls: clients of one server, each of which waits for the answer before it calls again.

class Adder {
 public:
  struct Add {
    using Reply = int64_t;
    int64_t number;
  };
  using Protocol = hydra::Protocol<Add>;
  int64_t HandleCall(Add add) { return sum_ += add.number; }

 private:
  int64_t sum_ = 0;
};

Async<> CallOften(ServerRef<Adder> server, int64_t calls, Pid owner) {
  for (int64_t i = 0; i < calls; ++i) HYDRA_CHECK((co_await server.Call(Adder::Add{1})).ok());
  Send(owner, Done{});
}

Async<Measured> CallServer(Setup setup) {
  const absl::StatusOr<ServerRef<Adder>> server = co_await Start<Adder>({});
  HYDRA_CHECK(server.ok());
  const int64_t calls_of_each = setup.operations / setup.parameter;
  const absl::Time start = Now();
  for (int i = 0; i < setup.parameter; ++i) Spawn(CallOften, *server, calls_of_each, Self());
  co_await AwaitDone(setup.parameter);
  co_return Measured{static_cast<double>(calls_of_each * setup.parameter), SecondsSince(start)};
}

// The same by one client that has so many other messages in its mailbox.
Async<Measured> CallPastOthers(Setup setup) {
  const absl::StatusOr<ServerRef<Adder>> server = co_await Start<Adder>({});
  HYDRA_CHECK(server.ok());
  for (int64_t i = 0; i < setup.parameter; ++i) Send(Self(), Number{i});
  const absl::Time start = Now();
  for (int64_t i = 0; i < setup.operations; ++i)
    HYDRA_CHECK((co_await server->Call(Adder::Add{1})).ok());
  co_return Measured{static_cast<double>(setup.operations), SecondsSince(start)};
}

// ---- Servers: what one takes that waits, whether it has hibernated or not.

// Adds up numbers that it has made a list of.
class Summer {
 public:
  struct Sum {
    using Reply = int64_t;
    bool then_hibernate;
  };
  using Protocol = hydra::Protocol<Sum>;

  ReplyThen<int64_t> HandleCall(Sum sum) {
    numbers_.resize(200);
    std::iota(numbers_.begin(), numbers_.end(), 1);
    return {std::accumulate(numbers_.begin(), numbers_.end(), int64_t{0}),
            sum.then_hibernate ? Next::Hibernate() : Next()};
  }
  void Hibernate() { numbers_ = std::vector<int64_t>(); }

 private:
  std::vector<int64_t> numbers_;
};

// One after the other is started and called, so that what one gives back is there for the next.
Async<Measured> KeepServers(Setup setup) {
  const double bytes_before = ResidentBytes();
  const absl::Time start = Now();
  for (int64_t i = 0; i < setup.operations; ++i) {
    const absl::StatusOr<ServerRef<Summer>> server = co_await Start<Summer>({});
    HYDRA_CHECK(server.ok());
    HYDRA_CHECK((co_await server->Call(Summer::Sum{.then_hibernate = setup.parameter == 1})).ok());
  }
  const double seconds = SecondsSince(start);
  const double bytes = ResidentBytes() - bytes_before;
  co_return Measured{static_cast<double>(setup.operations),
                     seconds,
                     {{{"bytes_per_server", bytes / static_cast<double>(setup.operations)}}}};
}

// ---- Idle: what processes that wait and timers that are pending cost.

Async<Measured> Idle(Setup setup) {
  std::vector<Pid> waiting(setup.operations);
  co_await SpawnWaiting(waiting);
  for (int64_t i = 0; i < setup.operations; ++i) SendAfter(absl::Hours(1), Self(), Wake{});
  co_await Sleep(absl::Seconds(1));
  const double cpu_before = CpuSeconds();
  const absl::Time start = Now();
  co_await Sleep(absl::Seconds(setup.parameter));
  const double cpu = CpuSeconds() - cpu_before;
  co_return Measured{0, SecondsSince(start), {{{"cpu_seconds", cpu}}}};
}

constexpr Workload kWorkloads[] = {
    {"ping_pong/1", "messages/s", PingPong, 1, 8'000'000},
    {"ping_pong/2", "messages/s", PingPong, 2, 8'000'000},
    {"ping_pong/64", "messages/s", PingPong, 64, 8'000'000},
    {"fan_in/1", "messages/s", FanIn, 1, 5'000'000},
    {"fan_in/2", "messages/s", FanIn, 2, 5'000'000},
    {"fan_in/8", "messages/s", FanIn, 8, 5'000'000},
    {"ring", "hops/s", Ring, 10'000, 2'000'000},
    {"spawn/cold", "processes/s", SpawnAndWake, 1, 1'000'000},
    {"spawn/warm", "processes/s", SpawnAndWake, 1, 1'000'000, 2},
    {"skynet/cold", "leaves/s", Skynet, 10, 1'000'000},
    {"skynet/warm", "leaves/s", Skynet, 10, 1'000'000, 2},
    {"timers", "timers/s", StartAndCancel, 1, 1'000'000},
    {"link", "pairs/s", LinkAndUnlink, 1, 1'000'000},
    {"links", "-", KeepLinks, 1, 100'000},
    {"monitor", "pairs/s", MonitorAndDemonitor, 1, 1'000'000},
    {"monitors", "-", KeepMonitors, 1, 100'000},
    {"spawn_link", "processes/s", SpawnLinked, 0, 600'000},
    {"spawn_link/exit_self", "processes/s", SpawnLinked, 1, 600'000},
    {"select/1", "receives/s", Select, 1, 10'000'000},
    {"select/1000", "receives/s", Select, 1000, 100'000},
    {"select/100000", "receives/s", Select, 100'000, 1'000},
    {"call/1", "calls/s", CallServer, 1, 3'000'000},
    {"call/64", "calls/s", CallServer, 64, 3'000'000},
    {"call_past/0", "calls/s", CallPastOthers, 0, 1'000'000},
    {"servers/awake", "servers/s", KeepServers, 0, 100'000},
    {"servers/hibernating", "servers/s", KeepServers, 1, 100'000},
    {"call_past/200000", "calls/s", CallPastOthers, 200'000, 1'000'000},
    {"restart/1", "restarts/s", RestartChildren, 1, 200'000},
    {"restart/100", "restarts/s", RestartChildren, 100, 200'000},
    {"restart_often/1", "restarts/s", RestartChildrenOften, 1, 20'000},
    {"restart_often/100", "restarts/s", RestartChildrenOften, 100, 20'000},
    {"tree", "children/s", StartAndStopTree, 1, 100'000},
    {"lookup/1", "lookups/s", LookUpInRegistry, 1, 20'000'000},
    {"lookup/2", "lookups/s", LookUpInRegistry, 2, 20'000'000},
    {"whereis/1", "lookups/s", FindProcesses, 1, 10'000'000},
    {"whereis/2", "lookups/s", FindProcesses, 2, 10'000'000},
    {"table_lookup/1", "lookups/s", LookUpInTable, 1, 20'000'000},
    {"table_lookup/2", "lookups/s", LookUpInTable, 2, 20'000'000},
    {"counter/1", "additions/s", CountInTable, 1, 20'000'000},
    {"counter/2", "additions/s", CountInTable, 2, 20'000'000},
    {"register/1", "pairs/s", RegisterAndUnregister, 1, 1'000'000},
    {"register/2", "pairs/s", RegisterAndUnregister, 2, 1'000'000},
    {"publish/10000", "deliveries/s", PublishToMany, 10'000, 5'000'000},
    {"group_join", "pairs/s", JoinAndLeave, 1, 300'000},
    {"checkout/1", "leases/s", BorrowWorkers, 1, 500'000},
    {"checkout/64", "leases/s", BorrowWorkers, 64, 500'000},
    {"node/ping_pong/1", "round_trips/s", PingPongBetweenNodes, 1, 100'000, 1, 2},
    {"node/ping_pong/64", "round_trips/s", PingPongBetweenNodes, 64, 1'000'000, 1, 2},
    {"node/one_way", "messages/s", SendToNode, 64, 3'000'000, 1, 2},
    {"node/call/1", "calls/s", CallNode, 1, 100'000, 1, 2},
    {"node/call/64", "calls/s", CallNode, 64, 1'000'000, 1, 2},
    {"node/stream/8", "messages/s", SendToNode, 8, 3'000'000, 1, 2},
    {"node/stream/64", "messages/s", SendToNode, 64, 2'000'000, 1, 2},
    {"node/stream/1024", "messages/s", SendToNode, 1024, 500'000, 1, 2},
    {"node/stream/65536", "messages/s", SendToNode, 65'536, 10'000, 1, 2},
    {"node/stream/1048576", "messages/s", SendToNode, 1'048'576, 1000, 1, 2},
    {"node/stream/100000000", "messages/s", SendToNode, 100'000'000, 10, 1, 2},
    {"node/echo/8", "calls/s", EchoFromNode, 8, 20'000, 1, 2},
    {"node/echo/64", "calls/s", EchoFromNode, 64, 20'000, 1, 2},
    {"node/echo/1024", "calls/s", EchoFromNode, 1024, 20'000, 1, 2},
    {"node/echo/65536", "calls/s", EchoFromNode, 65'536, 5000, 1, 2},
    {"node/echo/1048576", "calls/s", EchoFromNode, 1'048'576, 500, 1, 2},
    {"node/echo/100000000", "calls/s", EchoFromNode, 100'000'000, 5, 1, 2},
    {"node/mesh/2", "messages/s", SendInMesh, 2, 2'000'000, 1, 2},
    {"node/mesh/4", "messages/s", SendInMesh, 4, 2'000'000, 1, 4},
    {"node/mesh/8", "messages/s", SendInMesh, 8, 2'000'000, 1, 8},
    {"node/mesh_ping_pong/2", "round_trips/s", PingPongInMesh, 2, 20'000, 1, 2},
    {"node/mesh_ping_pong/4", "round_trips/s", PingPongInMesh, 4, 50'000, 1, 4},
    {"node/mesh_ping_pong/8", "round_trips/s", PingPongInMesh, 8, 100'000, 1, 8},
    {"node/idle", "-", IdleBetweenNodes, 10, 1, 1, 2},
    {"idle", "-", Idle, 10, 1'000'000},
};

Async<> RunOnce(const Workload* workload, Setup setup, Measured* measured) {
  *measured = co_await workload->body(setup);
}

}  // namespace

std::span<const Workload> Workloads() { return kWorkloads; }

Measured Measure(const Workload& workload) {
  std::deque<OtherProcess> others;
  std::vector<std::string> names;
  for (int i = 1; i < workload.nodes; ++i) {
    names.push_back(others.emplace_back(LiveAsOtherNode).address());
  }
  Runtime runtime;
  const std::optional<Node> node =
      workload.nodes > 0 ? std::optional(StartNode(runtime, "measuring")) : std::nullopt;
  const Setup setup = {&runtime, workload.parameter, workload.operations, names};
  Measured measured;
  for (int run = 0; run < workload.runs; ++run) {
    const ExitReason reason = runtime.Run(RunOnce, &workload, setup, &measured);
    HYDRA_CHECK(reason.IsClean()) << reason.ToString();
  }
  return measured;
}

}  // namespace hydra::benchmarks
