#include "hydra/benchmarks/nodes.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
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

std::string Payload() { return std::string(64, 'x'); }

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

// That so many more items have come.
struct Taken {
  static constexpr std::string_view kWireName = "benchmarks.Taken";
  int64_t items;
};

// ---- What the other node does.

struct SpawnPongers {
  static constexpr std::string_view kWireName = "benchmarks.SpawnPongers";
  using Reply = std::vector<Pid>;
  int64_t count;
};

struct SpawnTaker {
  static constexpr std::string_view kWireName = "benchmarks.SpawnTaker";
  using Reply = Pid;
  Pid sender;
};

// Answers with what it is given.
struct Echo {
  static constexpr std::string_view kWireName = "benchmarks.Echo";
  using Reply = std::string;
  std::string payload;
};

Async<> RemotePonger() {
  for (;;) {
    RemotePing ping = co_await Receive<RemotePing>();
    Send(ping.from, RemotePong{std::move(ping.payload)});
  }
}

// So many items at a time are sent, and acknowledged. The sender is two batches ahead at the most.
constexpr int64_t kBatch = 10'000;

Async<> TakeItems(Pid sender) {
  for (;;) {
    for (int64_t i = 0; i < kBatch; ++i) co_await Receive<Item>();
    Send(sender, Taken{kBatch});
  }
}

// Spawns what the workloads ask for, and answers what they call.
class Attendant {
 public:
  using Protocol = hydra::Protocol<SpawnPongers, SpawnTaker, Echo>;

  std::vector<Pid> HandleCall(SpawnPongers request) {
    std::vector<Pid> pongers(request.count);
    for (Pid& ponger : pongers) ponger = Spawn(RemotePonger);
    return pongers;
  }
  Pid HandleCall(SpawnTaker request) { return Spawn(TakeItems, request.sender); }
  std::string HandleCall(Echo echo) { return std::move(echo.payload); }
};

ServerRef<Attendant> AttendantOf(const Setup& setup) {
  return ServerRef<Attendant>(Dest("attendant", std::string(setup.other_node)));
}

// ---- What this node does. The first call connects.

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
  const std::string payload = Payload();
  for (int64_t i = 0; i < rounds; ++i) {
    Send(ponger, RemotePing{Self(), payload});
    co_await Receive<RemotePong>();
  }
  Send(owner, Done{});
}

Async<> EchoOften(ServerRef<Attendant> attendant, int64_t calls, Pid owner) {
  const std::string payload = Payload();
  for (int64_t i = 0; i < calls; ++i) HYDRA_CHECK((co_await attendant.Call(Echo{payload})).ok());
  Send(owner, Done{});
}

void SendItems(Pid taker, const std::string& payload) {
  for (int64_t i = 0; i < kBatch; ++i) Send(taker, Item{payload});
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
  const absl::StatusOr<std::vector<Pid>> pongers =
      co_await AttendantOf(setup).Call(SpawnPongers{setup.parameter});
  HYDRA_CHECK(pongers.ok()) << pongers.status();
  const int64_t rounds = setup.operations / setup.parameter;
  const Measuring measuring;
  for (const Pid& ponger : *pongers) Spawn(PingOften, ponger, rounds, Self());
  co_await AwaitDone(setup.parameter);
  co_return measuring.Done(rounds * setup.parameter, "bytes_per_round_trip");
}

Async<Measured> SendToNode(Setup setup) {
  const absl::StatusOr<Pid> taker = co_await AttendantOf(setup).Call(SpawnTaker{Self()});
  HYDRA_CHECK(taker.ok()) << taker.status();
  const std::string payload = Payload();
  const int64_t batches = std::max<int64_t>(1, setup.operations / kBatch);
  const Measuring measuring;
  for (int64_t batch = 0; batch < batches; ++batch) {
    SendItems(*taker, payload);
    if (batch > 0) co_await Receive<Taken>();
  }
  co_await Receive<Taken>();
  co_return measuring.Done(batches * kBatch, "bytes_per_message");
}

Async<Measured> CallNode(Setup setup) {
  const ServerRef<Attendant> attendant = AttendantOf(setup);
  HYDRA_CHECK((co_await attendant.Call(Echo{})).ok());
  const int64_t calls = setup.operations / setup.parameter;
  const Measuring measuring;
  for (int64_t i = 0; i < setup.parameter; ++i) Spawn(EchoOften, attendant, calls, Self());
  co_await AwaitDone(setup.parameter);
  co_return measuring.Done(calls * setup.parameter, "bytes_per_call");
}

Async<Measured> IdleBetweenNodes(Setup setup) {
  HYDRA_CHECK((co_await AttendantOf(setup).Call(Echo{})).ok());
  co_await Sleep(absl::Seconds(1));
  const double cpu_before = CpuSeconds();
  const absl::Time start = Now();
  co_await Sleep(absl::Seconds(setup.parameter));
  const double cpu = CpuSeconds() - cpu_before;
  co_return Measured{0, SecondsSince(start), {{{"cpu_seconds", cpu}}}};
}

}  // namespace hydra::benchmarks
