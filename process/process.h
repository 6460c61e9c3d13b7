// Processes: light tasks that share nothing and talk by messages.
//
//   struct Ping { hydra::Pid from; };
//   struct Pong {};
//
//   hydra::Async<> Ponger() {
//     for (;;) {
//       Ping ping = co_await hydra::Receive<Ping>();
//       hydra::Send(ping.from, Pong{});
//     }
//   }
//
//   hydra::Async<> Demo() {
//     hydra::Pid ponger = hydra::Spawn(Ponger);
//     hydra::Send(ponger, Ping{hydra::Self()});
//     std::optional<Pong> pong = co_await hydra::Receive<Pong>().Within(absl::Seconds(1));
//     hydra::Exit(ponger, hydra::ExitReason::Kill());
//   }
//
//   int main() {
//     hydra::Runtime runtime;
//     runtime.Run(Demo);
//   }
//
// This header is all that a program of processes needs. An idle process costs a few hundred bytes;
// a million of them are no great matter. One that is running can't be stopped from outside until it
// suspends at a co_await.
#ifndef HYDRA_PROCESS_PROCESS_H_
#define HYDRA_PROCESS_PROCESS_H_

#include "hydra/process/alias.h"
#include "hydra/process/any_of.h"
#include "hydra/process/async.h"
#include "hydra/process/awaitable.h"
#include "hydra/process/dest.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
#include "hydra/process/message.h"
#include "hydra/process/monitor.h"
#include "hydra/process/name.h"
#include "hydra/process/node_id.h"
#include "hydra/process/nodes.h"
#include "hydra/process/overflow.h"
#include "hydra/process/pending_request.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"
#include "hydra/process/process_info.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/run_blocking.h"
#include "hydra/process/run_main.h"
#include "hydra/process/runtime.h"
#include "hydra/process/self.h"
#include "hydra/process/semaphore.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/timer.h"
#include "hydra/process/transport.h"
#include "hydra/process/via.h"
#include "hydra/process/wire.h"

#endif  // HYDRA_PROCESS_PROCESS_H_
