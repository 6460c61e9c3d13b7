#include "hydra/examples/supervision_tree/tree.h"

#include <cstddef>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/examples/supervision_tree/picture.h"
#include "hydra/genserver/genserver.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/supervision_tree.h"
#include "hydra/supervisor/supervisor.h"

namespace supervision_tree {
namespace {

using hydra::ServerRef;
using hydra::Supervisor;

// A server of the shop: does nothing but crash.
class Server {
 public:
  struct Crash {};
  using Protocol = hydra::Protocol<Crash>;

  void HandleCast(Crash) { throw std::runtime_error("the monkey was here"); }
};

class Monkey {
 public:
  struct Strike {};
  using Protocol = hydra::Protocol<>;
  using Infos = hydra::Infos<Strike>;

  explicit Monkey(const TreeOptions& options) : options_(options), random_(options.seed) {}

  void Init() { StrikeLater(); }

  hydra::Next HandleInfo(Strike) {
    if (crashes_ == options_.crashes) return hydra::Next::Stop(hydra::ExitReason::Normal());
    static constexpr const char* kVictims[] = {"web-1",    "web-2", "web-3",
                                               "database", "cache", "orders"};
    const char* victim = kVictims[random_() % std::size(kVictims)];
    if (hydra::WhereIs(victim)) {
      ServerRef<Server>(victim).Cast(Server::Crash{});
      ++crashes_;
    }
    StrikeLater();
    return hydra::Next();
  }

 private:
  void StrikeLater() {
    const double part = static_cast<double>(random_() % 100) / 50;
    hydra::SendAfter(options_.pause * part, hydra::Self(), Strike{});
  }

  const TreeOptions options_;
  std::mt19937_64 random_;
  int crashes_ = 0;
};

class Painter {
 public:
  struct Paint {};
  using Protocol = hydra::Protocol<>;
  using Infos = hydra::Infos<Paint>;

  explicit Painter(Picture* picture) : picture_(*picture) {}

  void Init() { hydra::SendInterval(absl::Milliseconds(100), hydra::Self(), Paint{}); }

  hydra::Async<> HandleInfo(Paint) {
    const absl::StatusOr<hydra::SupervisionTree> tree = co_await hydra::GetSupervisionTree(kTop);
    if (!tree.ok()) co_return;  // it has just ended
    std::vector<Row> rows;
    AddRowsBelow(*tree, 0, rows);
    picture_.Show(rows);
  }

 private:
  static void AddRowsBelow(const hydra::SupervisionTree& tree, size_t depth,
                           std::vector<Row>& rows) {
    for (const hydra::SupervisionTree& below : tree.children) {
      rows.push_back({.depth = depth, .child = below.child});
      AddRowsBelow(below, depth + 1, rows);
    }
  }

  Picture& picture_;
};

hydra::ChildSpec ServerSpec(const char* name) {
  return hydra::Child<Server>({.server = {.name = name}});
}

hydra::ChildSpec FrontSpec() {
  return hydra::Child<Supervisor>(
      {.id = "front"},
      hydra::SupervisorOptions{
          .strategy = hydra::Strategy::kOneForOne, .max_restarts = 3, .period = absl::Seconds(3)},
      hydra::Children{ServerSpec("web-1"), ServerSpec("web-2"), ServerSpec("web-3")});
}

hydra::ChildSpec BackSpec() {
  hydra::ChildSpec database = ServerSpec("database");
  database.backoff = hydra::Backoff{.initial = absl::Milliseconds(300)};
  return hydra::Child<Supervisor>(
      {.id = "back"},
      hydra::SupervisorOptions{
          .strategy = hydra::Strategy::kRestForOne, .max_restarts = 5, .period = absl::Seconds(3)},
      hydra::Children{database, ServerSpec("cache"), ServerSpec("orders")});
}

}  // namespace

hydra::SupervisorOptions TopOptions() {
  return {.max_restarts = 10,
          .period = absl::Seconds(3),
          .auto_shutdown = hydra::AutoShutdown::kAnySignificant};
}

hydra::Children TopChildren(const TreeOptions& options, Picture* picture) {
  return {
      FrontSpec(), BackSpec(), hydra::Child<Painter>({.id = "painter"}, picture),
      hydra::Child<Monkey>(
          {.id = "monkey", .restart = hydra::Restart::kTransient, .significant = true}, options)};
}

}  // namespace supervision_tree
