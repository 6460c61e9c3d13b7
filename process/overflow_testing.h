// Processes with a mailbox limit, and their senders, for tests.
#ifndef HYDRA_PROCESS_OVERFLOW_TESTING_H_
#define HYDRA_PROCESS_OVERFLOW_TESTING_H_

#include <cstddef>
#include <vector>

#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
#include "hydra/process/overflow.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"

namespace hydra::process_testing {

struct Ready {};
struct Done {};
struct Question {
  using Reply = int;
};

inline SpawnOptions Limited(size_t limit, Overflow on_overflow) {
  return {.mailbox_limit = limit, .on_overflow = on_overflow};
}

inline Async<> WaitForEver() { co_await Receive<Done>(); }

// Tells `to` of one int that it has been sent for each exit signal, which take no room. It passes
// over the ints while it waits for those.
inline Async<> Reader(Pid to) {
  TrapExit(true);
  Send(to, Ready());
  for (;;) {
    co_await Receive<ExitSignal>();
    Send(to, co_await Receive<int>());
  }
}

inline Async<Pid> SpawnReader(size_t limit, Overflow on_overflow) {
  const Pid reader = *SpawnWith(Limited(limit, on_overflow), Reader, Self());
  co_await AssertReceive<Ready>();
  co_return reader;
}

// Lets `reader` read one int, and returns it.
inline Async<int> ReadBy(Pid reader) {
  Exit(reader, ExitReason::Custom("go on"));
  co_return co_await AssertReceive<int>();
}

// All ints that wait for `reader`.
inline Async<std::vector<int>> ReadAllBy(Pid reader) {
  std::vector<int> read;
  while ((co_await Info(reader))->message_queue_length > 0) read.push_back(co_await ReadBy(reader));
  co_return read;
}

// Sends `count` ints to `reader`, is done with its next co_await, and tells that to `to`.
inline Async<> Sender(Pid reader, int count, Pid to) {
  for (int i = 0; i < count; ++i) Send(reader, i);
  co_await Yield();
  Send(to, Done());
}

}  // namespace hydra::process_testing

#endif  // HYDRA_PROCESS_OVERFLOW_TESTING_H_
