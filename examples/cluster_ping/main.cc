// Two nodes: one has a server, the other calls it by name, and says how fast that was. In two terminals:
//
//   ./bazelw run //examples/cluster_ping -- --name=a --listen=127.0.0.1:4370
//   ./bazelw run //examples/cluster_ping -- --name=b --ping=a@127.0.0.1:4370
//
// The first goes on until Ctrl-C. Add -c opt for figures. Nodes of one cluster have one cookie: HYDRA_COOKIE, or one
// that everybody knows.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/application/application.h"
#include "hydra/examples/arguments.h"
#include "hydra/genserver/genserver.h"
#include "hydra/node/node_application.h"
#include "hydra/node/node_options.h"
#include "hydra/process/process.h"

namespace {

constexpr absl::Duration kTime = absl::Seconds(1);  // of each measurement
constexpr int kCastsAtATime = 100;

class Ponger {
 public:
  struct Ping {
    static constexpr std::string_view kWireName = "cluster_ping.Ping";
    using Reply = int64_t;
    int64_t round;
  };
  struct Note {
    static constexpr std::string_view kWireName = "cluster_ping.Note";
    std::string text;
  };
  struct NotesTaken {
    static constexpr std::string_view kWireName = "cluster_ping.NotesTaken";
    using Reply = int64_t;
  };
  using Protocol = hydra::Protocol<Ping, Note, NotesTaken>;

  int64_t HandleCall(Ping ping) { return ping.round; }
  void HandleCast(const Note&) { ++notes_taken_; }
  int64_t HandleCall(NotesTaken) { return std::exchange(notes_taken_, 0); }

 private:
  int64_t notes_taken_ = 0;
};

// One call after the other.
hydra::Async<absl::Status> MeasureRoundTrips(hydra::ServerRef<Ponger> ponger) {
  int64_t rounds = 0;
  absl::Duration worst;
  const absl::Time start = hydra::Now();
  absl::Time now = start;
  while (now - start < kTime) {
    const absl::StatusOr<int64_t> pong = co_await ponger.Call(Ponger::Ping{rounds});
    if (!pong.ok()) co_return pong.status();
    ++rounds;
    const absl::Time before = std::exchange(now, hydra::Now());
    worst = std::max(worst, now - before);
  }
  std::cout << rounds << " round trips, " << (now - start) / rounds << " each, the longest "
            << worst << "\n";
  co_return absl::OkStatus();
}

// Casts, as many as go.
hydra::Async<absl::Status> MeasureThroughput(hydra::ServerRef<Ponger> ponger) {
  const absl::Time start = hydra::Now();
  while (hydra::Now() - start < kTime) {
    for (int i = 0; i < kCastsAtATime; ++i) ponger.Cast(Ponger::Note{std::string(64, 'x')});
    co_await hydra::Yield();  // goes on when not too much waits to be sent
  }
  const absl::StatusOr<int64_t> taken = co_await ponger.Call(Ponger::NotesTaken{});
  if (!taken.ok()) co_return taken.status();
  std::cout << *taken << " messages of 64 bytes, "
            << static_cast<int64_t>(static_cast<double>(*taken) /
                                    absl::ToDoubleSeconds(hydra::Now() - start))
            << " a second\n";
  co_return absl::OkStatus();
}

hydra::Async<> PingNode(std::string other) {
  const hydra::ServerRef<Ponger> ponger(hydra::Dest("ponger", other));  // who calls it connects
  absl::Status status = co_await MeasureRoundTrips(ponger);
  if (status.ok()) status = co_await MeasureThroughput(ponger);
  if (status.ok()) co_return;
  std::cerr << other << ": " << status << "\n";
  hydra::ExitSelf(hydra::ExitReason::Custom("no answer"));
}

void Say(const std::string& line) { std::cout << line + "\n" << std::flush; }

// Answers, and tells of nodes that come and go.
hydra::Async<> BePinged() {
  const auto ponger = co_await hydra::StartLink<Ponger>({.name = "ponger"});
  if (!ponger.ok()) hydra::ExitSelf(hydra::ExitReason::Custom(ponger.status().ToString()));
  hydra::MonitorNodes(true);
  Say(hydra::ThisNode() + " is there");
  while (true) {
    co_await hydra::Receive(
        [](const hydra::NodeUp& up) { Say(up.node + " is up"); },
        [](const hydra::NodeDown& down) {
          Say(down.node + " is down: " + std::string(hydra::ToString(down.reason)));
        });
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool has_cookie = std::getenv("HYDRA_COOKIE") != nullptr;
  const hydra::NodeOptions options = {.name = ValueOf("--name=", argc, argv, "a"),
                                      .listen = ValueOf("--listen=", argc, argv, "127.0.0.1:0"),
                                      .cookie = has_cookie ? "" : "cluster_ping"};
  const std::string other = ValueOf("--ping=", argc, argv, "");
  return hydra::RunApplication({.name = "cluster_ping",
                                .start = [other]() -> hydra::Async<absl::StatusOr<hydra::Pid>> {
                                  co_return other.empty() ? hydra::SpawnLink(BePinged)
                                                          : hydra::SpawnLink(PingNode, other);
                                },
                                .dependencies = {hydra::NodeApplication(options)}});
}
