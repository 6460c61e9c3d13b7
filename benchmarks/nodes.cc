#include "hydra/benchmarks/nodes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/base/log.h"
#include "hydra/benchmarks/done.h"
#include "hydra/benchmarks/measuring.h"
#include "hydra/benchmarks/other_process.h"
#include "hydra/benchmarks/workloads.h"
#include "hydra/genserver/genserver.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/process/process.h"
#include "hydra/process/runtime.h"

namespace hydra::benchmarks {
namespace {

constexpr int64_t kBytes = 64;  // of a message, unless the workload is about that

std::string Payload(int64_t bytes) { return std::string(bytes, 'x'); }

// What each of so many does, of all that is to be done.
int64_t ShareOf(int64_t operations, int64_t many) {
  return std::max<int64_t>(1, operations / many);
}

struct RemotePing {
  static constexpr std::string_view kWireName = "benchmarks.Ping";
  Pid from;
  std::string payload;
};

struct RemotePong {
  static constexpr std::string_view kWireName = "benchmarks.Pong";
  std::string payload;
};

struct Item {
  static constexpr std::string_view kWireName = "benchmarks.Item";
  std::string payload;
};

// Follows the items of a batch. The answer is Taken.
struct EndOfBatch {
  static constexpr std::string_view kWireName = "benchmarks.EndOfBatch";
  Pid sender;
};

struct Taken {
  static constexpr std::string_view kWireName = "benchmarks.Taken";
};

// To those of a mesh that have said that they are ready.
struct Go {
  static constexpr std::string_view kWireName = "benchmarks.Go";
};

// ---- What an attendant is asked for.

struct SpawnPongers {
  static constexpr std::string_view kWireName = "benchmarks.SpawnPongers";
  using Reply = std::vector<Pid>;
  int64_t count;
};

struct SpawnTaker {
  static constexpr std::string_view kWireName = "benchmarks.SpawnTaker";
  using Reply = Pid;
};

// One for each ponger.
struct SpawnPingers {
  static constexpr std::string_view kWireName = "benchmarks.SpawnPingers";
  using Reply = std::vector<Pid>;
  std::vector<Pid> pongers;
  int64_t rounds;
  Pid owner;
};

// One for each taker.
struct SpawnSenders {
  static constexpr std::string_view kWireName = "benchmarks.SpawnSenders";
  using Reply = std::vector<Pid>;
  std::vector<Pid> takers;
  int64_t batches;
  Pid owner;
};

// Answers with what it is given.
struct Echo {
  static constexpr std::string_view kWireName = "benchmarks.Echo";
  using Reply = std::string;
  std::string payload;
};

// ---- What processes of any node do.

Async<> RemotePonger() {
  for (;;) {
    RemotePing ping = co_await Receive<RemotePing>();
    Send(ping.from, RemotePong{std::move(ping.payload)});
  }
}

Async<> Ping(Pid ponger, int64_t rounds) {
  const std::string payload = Payload(kBytes);
  for (int64_t i = 0; i < rounds; ++i) {
    Send(ponger, RemotePing{Self(), payload});
    co_await Receive<RemotePong>();
  }
}

Async<> TakeItems() {
  for (;;) {
    const std::variant<Item, EndOfBatch> message = co_await Receive<Item, EndOfBatch>();
    if (const auto* end = std::get_if<EndOfBatch>(&message)) Send(end->sender, Taken{});
  }
}

struct Batches {
  int64_t count;
  int64_t items;  // of each
  int64_t bytes;  // of each item
};

void SendBatch(Pid taker, const std::string& payload, int64_t items) {
  for (int64_t i = 0; i < items; ++i) Send(taker, Item{payload});
  Send(taker, EndOfBatch{Self()});
}

// Two batches are under way at the most.
Async<> SendBatches(Pid taker, Batches batches) {
  const std::string payload = Payload(batches.bytes);
  for (int64_t batch = 0; batch < batches.count; ++batch) {
    SendBatch(taker, payload, batches.items);
    if (batch > 0) co_await Receive<Taken>();
  }
  co_await Receive<Taken>();
}

// ---- What those of a mesh do: first a little, which connects their nodes; then, when told to,
// their part.

constexpr int64_t kMeshBatch = 1000;

Async<> PingInTurn(Pid ponger, int64_t rounds, Pid owner) {
  co_await Ping(ponger, 1);
  Send(owner, Done{});
  co_await Receive<Go>();
  co_await Ping(ponger, rounds);
  Send(owner, Done{});
}

Async<> SendInTurn(Pid taker, int64_t batches, Pid owner) {
  co_await SendBatches(taker, {.count = 1, .items = 1, .bytes = kBytes});
  Send(owner, Done{});
  co_await Receive<Go>();
  co_await SendBatches(taker, {.count = batches, .items = kMeshBatch, .bytes = kBytes});
  Send(owner, Done{});
}

// Spawns what the workloads ask for, and answers what they call.
class Attendant {
 public:
  using Protocol = hydra::Protocol<SpawnPongers, SpawnTaker, SpawnPingers, SpawnSenders, Echo>;

  std::vector<Pid> HandleCall(SpawnPongers request) {
    std::vector<Pid> pongers(request.count);
    for (Pid& ponger : pongers) ponger = Spawn(RemotePonger);
    return pongers;
  }
  Pid HandleCall(SpawnTaker) { return Spawn(TakeItems); }
  std::vector<Pid> HandleCall(const SpawnPingers& request) {
    std::vector<Pid> pingers;
    for (const Pid& ponger : request.pongers) {
      pingers.push_back(Spawn(PingInTurn, ponger, request.rounds, request.owner));
    }
    return pingers;
  }
  std::vector<Pid> HandleCall(const SpawnSenders& request) {
    std::vector<Pid> senders;
    for (const Pid& taker : request.takers) {
      senders.push_back(Spawn(SendInTurn, taker, request.batches, request.owner));
    }
    return senders;
  }
  std::string HandleCall(Echo echo) { return std::move(echo.payload); }
};

ServerRef<Attendant> AttendantOf(std::string_view node) {
  return ServerRef<Attendant>(Dest("attendant", std::string(node)));
}

template <typename Request>
Async<typename Request::Reply> Ask(ServerRef<Attendant> attendant, Request request) {
  absl::StatusOr<typename Request::Reply> reply = co_await attendant.Call(std::move(request));
  HYDRA_CHECK(reply.ok()) << reply.status();
  co_return *std::move(reply);
}

// ---- What this node does with one other. The first call connects.

// What has been measured since it was made.
class Measuring {
 public:
  Measured Done(int64_t operations, const char* bytes_per_operation) const {
    const auto count = static_cast<double>(operations);
    const double seconds = SecondsSince(start_);
    return {count, seconds, {{{bytes_per_operation, (TcpBytes() - bytes_before_) / count}}}};
  }

 private:
  const double bytes_before_ = TcpBytes();
  const absl::Time start_ = Now();
};

Async<> PingOften(Pid ponger, int64_t rounds, Pid owner) {
  co_await Ping(ponger, rounds);
  Send(owner, Done{});
}

Async<> EchoOften(ServerRef<Attendant> attendant, int64_t bytes, int64_t calls, Pid owner) {
  const std::string payload = Payload(bytes);
  for (int64_t i = 0; i < calls; ++i) {
    HYDRA_CHECK((co_await attendant.Call(Echo{payload}).Within(absl::InfiniteDuration())).ok());
  }
  Send(owner, Done{});
}

// By so many clients at a time.
Async<Measured> MeasureCalls(Setup setup, int64_t clients, int64_t bytes) {
  const ServerRef<Attendant> attendant = AttendantOf(setup.other_nodes.front());
  co_await Ask(attendant, Echo{});
  const int64_t calls = ShareOf(setup.operations, clients);
  const Measuring measuring;
  for (int64_t i = 0; i < clients; ++i) Spawn(EchoOften, attendant, bytes, calls, Self());
  co_await AwaitDone(clients);
  co_return measuring.Done(calls * clients, "bytes_per_call");
}

// Of messages that are large, a batch has fewer: some MiB are under way, or two messages.
int64_t ItemsOfBatch(int64_t bytes) {
  return std::clamp<int64_t>((int64_t{2} << 20) / bytes, 1, 10'000);
}

// ---- What this node does with all others: it is one of a mesh.

// This node's own comes first.
Async<std::vector<ServerRef<Attendant>>> AttendantsOfAll(Setup setup) {
  const absl::StatusOr<ServerRef<Attendant>> own = co_await Start<Attendant>({});
  HYDRA_CHECK(own.ok()) << own.status();
  std::vector<ServerRef<Attendant>> attendants = {*own};
  for (const std::string& node : setup.other_nodes) attendants.push_back(AttendantOf(node));
  co_return attendants;
}

void Append(const std::vector<Pid>& more, std::vector<Pid>& pids) {
  pids.insert(pids.end(), more.begin(), more.end());
}

// How long those take that the attendants have spawned.
Async<Measured> MeasureMesh(std::vector<Pid> pids, int64_t operations_of_each) {
  const auto count = static_cast<int64_t>(pids.size());
  co_await AwaitDone(count);  // all are connected
  const absl::Time start = Now();
  for (const Pid& pid : pids) Send(pid, Go{});
  co_await AwaitDone(count);
  co_return Measured{static_cast<double>(count * operations_of_each), SecondsSince(start)};
}

}  // namespace

Node StartNode(Runtime& runtime, std::string name) {
  SetMinLogSeverity(LogSeverity::kWarning);  // that nodes come and go is known
  absl::StatusOr<Node> node =
      Node::Start(runtime, {.name = std::move(name), .cookie = "of the benchmarks"});
  HYDRA_CHECK(node.ok()) << node.status();
  return *std::move(node);
}

void LiveAsOtherNode(Parent parent) {
  Runtime runtime;
  const Node node = StartNode(runtime, "other");
  const ExitReason reason = runtime.Run(
      []() -> Async<> { HYDRA_CHECK((co_await Start<Attendant>({.name = "attendant"})).ok()); });
  HYDRA_CHECK(reason.IsClean()) << reason.ToString();
  parent.ServeAt(node.name());
}

Async<Measured> PingPongBetweenNodes(Setup setup) {
  const std::vector<Pid> pongers =
      co_await Ask(AttendantOf(setup.other_nodes.front()), SpawnPongers{setup.parameter});
  const int64_t rounds = ShareOf(setup.operations, setup.parameter);
  const Measuring measuring;
  for (const Pid& ponger : pongers) Spawn(PingOften, ponger, rounds, Self());
  co_await AwaitDone(setup.parameter);
  co_return measuring.Done(rounds * setup.parameter, "bytes_per_round_trip");
}

Async<Measured> SendToNode(Setup setup) {
  const Pid taker = co_await Ask(AttendantOf(setup.other_nodes.front()), SpawnTaker{});
  const int64_t items = ItemsOfBatch(setup.parameter);
  const Batches batches = {ShareOf(setup.operations, items), items, setup.parameter};
  const Measuring measuring;
  co_await SendBatches(taker, batches);
  co_return measuring.Done(batches.count * items, "bytes_per_message");
}

Async<Measured> CallNode(Setup setup) { return MeasureCalls(setup, setup.parameter, kBytes); }

Async<Measured> EchoFromNode(Setup setup) { return MeasureCalls(setup, 1, setup.parameter); }

Async<Measured> SendInMesh(Setup setup) {
  const std::vector<ServerRef<Attendant>> nodes = co_await AttendantsOfAll(setup);
  std::vector<Pid> sinks;
  for (const ServerRef<Attendant>& node : nodes) sinks.push_back(co_await Ask(node, SpawnTaker{}));
  const auto senders_of_all = static_cast<int64_t>(nodes.size() * (nodes.size() - 1));
  const int64_t batches = ShareOf(setup.operations, senders_of_all * kMeshBatch);
  std::vector<Pid> senders;
  for (size_t i = 0; i < nodes.size(); ++i) {
    std::vector<Pid> takers = sinks;
    takers.erase(takers.begin() + static_cast<ptrdiff_t>(i));  // its own
    Append(co_await Ask(nodes[i], SpawnSenders{std::move(takers), batches, Self()}), senders);
  }
  co_return co_await MeasureMesh(std::move(senders), batches * kMeshBatch);
}

Async<Measured> PingPongInMesh(Setup setup) {
  const std::vector<ServerRef<Attendant>> nodes = co_await AttendantsOfAll(setup);
  // Each node has pingers for the nodes behind it.
  std::vector<std::vector<Pid>> pongers(nodes.size());
  for (size_t i = 1; i < nodes.size(); ++i) {
    const std::vector<Pid> of_node = co_await Ask(nodes[i], SpawnPongers{static_cast<int64_t>(i)});
    for (size_t before = 0; before < i; ++before) pongers[before].push_back(of_node[before]);
  }
  const auto pairs = static_cast<int64_t>(nodes.size() * (nodes.size() - 1) / 2);
  const int64_t rounds = ShareOf(setup.operations, pairs);
  std::vector<Pid> pingers;
  for (size_t i = 0; i < nodes.size(); ++i) {
    Append(co_await Ask(nodes[i], SpawnPingers{std::move(pongers[i]), rounds, Self()}), pingers);
  }
  co_return co_await MeasureMesh(std::move(pingers), rounds);
}

Async<Measured> IdleBetweenNodes(Setup setup) {
  co_await Ask(AttendantOf(setup.other_nodes.front()), Echo{});
  co_await Sleep(absl::Seconds(1));
  const double cpu_before = CpuSeconds();
  const absl::Time start = Now();
  co_await Sleep(absl::Seconds(setup.parameter));
  const double cpu = CpuSeconds() - cpu_before;
  co_return Measured{0, SecondsSince(start), {{{"cpu_seconds", cpu}}}};
}

}  // namespace hydra::benchmarks
