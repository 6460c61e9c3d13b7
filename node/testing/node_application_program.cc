// The program of node_application_test: an application on a node. Its arguments are the address to listen at, the cookie
// and the node to tell what it does.
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/application/application.h"
#include "hydra/node/node.h"
#include "hydra/node/node_application.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/note.h"
#include "hydra/process/process.h"

namespace {

using hydra::Application;
using hydra::Async;
using hydra::Note;
using hydra::Pid;

const hydra::Setting<std::string> kListen("node", "listen", "127.0.0.1:0");

Application Shop(const std::string& peer) {
  const auto tell = [peer](const std::string& text) {
    hydra::Send({"log", peer}, Note{text, hydra::Self()});
  };
  return {.name = "shop",
          .start = [peer, tell]() -> Async<absl::StatusOr<Pid>> {
            const auto node = co_await hydra::RunningNode();
            if (!node.ok()) co_return node.status();
            const absl::Status connected = co_await (*node)->Connect(peer);
            if (!connected.ok()) co_return connected;
            co_return hydra::SpawnLink([tell]() -> Async<> {
              hydra::TrapExit(true);
              tell("ready");
              co_await hydra::Receive<hydra::ExitSignal>();
              tell("ends");
            });
          },
          .stop = [tell]() -> Async<> {
            tell("has stopped");
            co_return;
          }};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 99;
  Application shop = Shop(argv[3]);
  shop.dependencies = {hydra::NodeApplication(
      [cookie = std::string(argv[2])]() -> absl::StatusOr<hydra::NodeOptions> {
        return hydra::NodeOptions{.name = "shop", .listen = kListen.Get(), .cookie = cookie};
      })};
  return hydra::RunApplication(shop, {.settings = {{"node.listen", argv[1]}}});
}
