// Applications: what a program is made of, how it starts, and how it stops in order.
//
//   inline const hydra::Setting<int> kPort("shop", "port", 8080);
//
//   hydra::Application Shop() {
//     return {.name = "shop",
//             .start = []() -> hydra::Async<absl::StatusOr<hydra::Pid>> {
//               auto server = co_await hydra::StartLink<Server>({.name = "server"}, kPort.Get());
//               if (!server.ok()) co_return server.status();
//               co_return server->pid();
//             },
//             .dependencies = {Database()},
//             .prep_stop = []() -> hydra::Async<> {
//               (void)co_await hydra::ServerRef<Server>("server").Call(Server::Drain{});
//             }};
//   }
//
//   int main() { return hydra::RunApplication(Shop()); }
//
// The database is started, then the shop. SIGTERM or Ctrl-C stops the shop, then the database, each with
// its whole tree; a second signal ends the program at once. The exit code is 0 after an orderly stop only.
//
// When to use one: whenever a program has parts that are started and stopped in order, or runs until it
// is told to stop. One process that does its work and ends needs RunMain only (run_main.h).
//
// docs/application.md is the guide.
#ifndef HYDRA_APPLICATION_APPLICATION_H_
#define HYDRA_APPLICATION_APPLICATION_H_

#include "hydra/application/run_application.h"
#include "hydra/application/setting.h"
#include "hydra/application/spec.h"
#include "hydra/application/system.h"
#include "hydra/process/process.h"

#endif  // HYDRA_APPLICATION_APPLICATION_H_
