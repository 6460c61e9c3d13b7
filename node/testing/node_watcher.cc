#include "hydra/node/testing/node_watcher.h"

#include "gtest/gtest.h"
#include "hydra/process/process.h"
#include "hydra/process/runtime.h"

namespace hydra {
namespace {

struct Watching {};

Async<> Watch(Pid probe) {
  MonitorNodes(true);
  Send(probe, Watching{});
  while (true) {
    co_await Receive([probe](NodeUp up) { Send(probe, std::move(up)); },
                     [probe](NodeDown down) { Send(probe, std::move(down)); });
  }
}

}  // namespace

NodeWatcher::NodeWatcher(Runtime& runtime) : probe_(runtime) {
  runtime.Spawn(Watch, probe_.pid());
  EXPECT_TRUE(probe_.AwaitReceived<Watching>(1));
}

}  // namespace hydra
