// A runtime that a test drives by hand: no threads, a virtual clock, and an order of turns that a
// seed decides.
//
//   TEST(WorkerTest, RetriesAfterASecond) {
//     hydra::ManualRuntime runtime({.seed = 7});
//     hydra::Pid worker = runtime.Spawn(Worker);
//     runtime.RunUntilIdle();                          // until every process waits
//     runtime.Advance(absl::Seconds(1));               // one virtual second, and all that happens
//     EXPECT_FALSE(runtime.IsAlive(worker));
//   }
//
// Or `runtime.Run(Main)`, which runs a process to its end and moves the clock on by itself whenever
// every process waits.
//
// It is the real scheduler and the real process code, given its turns one by one. The same seed
// gives the same order, so a failure can be repeated; other seeds give other orders: see
// `HYDRA_TEST` in process_test.h, which runs a test for many.
#ifndef HYDRA_PROCESS_TESTING_MANUAL_RUNTIME_H_
#define HYDRA_PROCESS_TESTING_MANUAL_RUNTIME_H_

#include <cstdint>
#include <functional>

#include "absl/time/time.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/runtime.h"

namespace hydra {

struct ManualRuntimeOptions {
  uint64_t seed = 1;
  uint32_t max_processes = uint32_t{1} << 20;
};

// Thread safety: everything on one thread, but for `Spawn` and `Send`.
class ManualRuntime : public Runtime {
 public:
  explicit ManualRuntime(ManualRuntimeOptions options = {});

  // Gives one turn to a runnable process, or calls a function of RunBlocking. Returns false if there is
  // neither.
  bool RunOne();

  // Does so until every process waits. Timers that are due by now fire; the clock stands still.
  // Returns the number of turns. Doesn't return while processes keep each other running.
  int64_t RunUntilIdle();

  // Moves the clock forward by `duration`, stopping at each time that a timer is due to run until
  // idle.
  void Advance(absl::Duration duration);

  // Advances to the next time that a timer is due, and runs until idle. Returns false if there is
  // no timer.
  bool AdvanceToNextTimer();

  // Does what RunOne does or, if there is nothing to run, advances to the next time that a
  // timer is due. Returns false if there is no timer either: nothing is going to happen any more.
  bool RunOneOrAdvance();

  // Calls `call` as another thread would that isn't this runtime's, in the midst of a turn if it is called in one. It
  // may drive other runtimes.
  static void Meanwhile(const std::function<void()>& call);

 private:
  // Moves the clock to where a timer is due, or some timers move down the wheel. Returns false if
  // there is no timer.
  bool AdvanceToDue();

  // For `Run`. A process that waits while nothing is going to happen any more fails a check.
  ExitReason RunEntry(process_internal::Entry* entry) override;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_TESTING_MANUAL_RUNTIME_H_
