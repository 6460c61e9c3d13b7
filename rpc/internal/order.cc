#include "hydra/rpc/internal/order.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "hydra/process/node_process.h"
#include "hydra/process/process.h"
#include "hydra/rpc/internal/entry_points.h"
#include "hydra/rpc/internal/invocation.h"

namespace hydra::rpc_internal {
namespace {

// Waits until the spawner monitors this process, or can't any more.
Async<> AwaitBegin(Ref spawner) {
  co_await Receive<Begin, Down>().Where([&](const auto& message) {
    if constexpr (requires { message.ref; }) return message.ref == spawner;
    return true;
  });
  Demonitor(spawner);
}

Async<> RunSpawned(Order::What what, ReplyTo<Order> reply_to,
                   std::unique_ptr<Invocation> invocation) {
  const Pid spawner = reply_to.from();
  if (what == Order::What::kSpawnLink) Link(spawner);
  if (what == Order::What::kSpawnMonitor) {
    const Ref monitor = Monitor(spawner);
    reply_to.Send(Self());
    co_await AwaitBegin(monitor);
  } else {
    reply_to.Send(Self());
  }
  co_await invocation->Run(Ref());
}

// The caller is told if this never runs, too.
Async<> RunCalled(ReplyTo<Order> reply_to, std::unique_ptr<Invocation> invocation) {
  co_await invocation->Run(reply_to.target().Release());
}

void CarryOut(Asked<Order> asked) {
  Order& order = asked.request;
  if (order.what == Order::What::kCall) {
    Spawn(RunCalled, std::move(asked.reply_to), std::move(order.invocation));
  } else {
    Spawn(RunSpawned, order.what, std::move(asked.reply_to), std::move(order.invocation));
  }
}

Async<> TakeOrders() {
  while (true) {
    Message message = co_await ReceiveAny();
    if (auto* asked = message.Get<Asked<Order>>()) {
      CarryOut(std::move(*asked));
    } else if (auto* order = message.Get<Order>()) {
      Spawn(RunCalled, ReplyTo<Order>(), std::move(order->invocation));
    }
  }
}

}  // namespace

void TakeOrdersOnNodes() { AddNodeProcess({.name = std::string(kRpc), .body = &TakeOrders}); }

void Order::Encode(WireWriter& writer) const {
  writer.Write(what);
  writer.Write(entry_point);
  invocation->Write(writer);
}

std::optional<Order> Order::Decode(WireReader& reader) {
  const auto what = reader.Read<What>();
  auto entry_point = reader.Read<std::string>();
  if (!reader.ok()) return std::nullopt;
  const ReadInvocation read = FindEntryPoint(*entry_point);
  if (read == nullptr) return reader.Fail("there is no entry point " + *entry_point);
  return Order{.what = *what, .entry_point = *std::move(entry_point), .invocation = read(reader)};
}

}  // namespace hydra::rpc_internal
