// What happens to a message that comes to a full mailbox.
#ifndef HYDRA_PROCESS_OVERFLOW_H_
#define HYDRA_PROCESS_OVERFLOW_H_

#include <cstdint>

namespace hydra {

// A process spawned with `SpawnOptions::mailbox_limit` has at most so many messages waiting. What
// comes beyond that:
//
//   kDropNewest    the message is dropped.
//   kDropOldest    the oldest message that waits is dropped. Until the receiver has its next turn, up
//                  to twice the limit may wait.
//   kExitReceiver  the receiver ends, though it may trap exits, with an error of the type
//                  "hydra::MailboxOverflow".
//   kHoldSender    the message is accepted, and the sending process goes no further than its next
//                  co_await until half of the limit is free, or the receiver has ended. It takes
//                  signals meanwhile, and a request that it waits for ends by its timeout. A process
//                  that is held itself holds nobody: so no circle of processes stands still. A foreign
//                  thread can't be held: its message is dropped, and `Runtime::Send` returns false. Nor
//                  can another node's process, whose message is dropped, too.
//
// A dropped request is answered with kResourceExhausted. What was dropped is counted
// (`ProcessInfo::dropped_messages`) and logged, each time that the number has doubled.
//
// Only what is sent by Send or Request counts, and is dropped; messages to an alias, answers, exit
// signals, Downs and timers' messages neither count nor are dropped. Nobody is held by a message to
// itself, nor by what its destructors send when it ends.
enum class Overflow : uint8_t { kDropNewest, kDropOldest, kExitReceiver, kHoldSender };

}  // namespace hydra

#endif  // HYDRA_PROCESS_OVERFLOW_H_
