// HYDRA_TEST: a test whose body is a process.
//
//   HYDRA_TEST(PongerTest, AnswersAPing) {
//     hydra::Pid ponger = hydra::Spawn(Ponger);
//     hydra::Send(ponger, Ping{.from = hydra::Self()});
//     Pong pong = co_await hydra::AssertReceive<Pong>();
//     EXPECT_EQ(pong.count, 1);
//   }
//
// It makes two gtest tests of that body. `PongerTest.AnswersAPing` runs it by hand (ManualRuntime),
// for twenty seeds: twenty orders of turns. The clock is virtual, and moves on when every process
// waits, so an hour's Sleep takes no time. `PongerTest.AnswersAPingOnThreads` runs it once more on
// the threaded runtime, where time is real. HYDRA_TEST_BY_HAND makes the first only: for tests in
// which much time passes, or which say exactly when something happens.
//
// A run ends with its body; the processes that are left are killed. A body must return: the test
// fails if it throws, if it is ended by an exit signal, or if it waits while nothing else is going
// to happen; by hand also after a million turns, on threads after fifty seconds. In a body use CO_ASSERT_* (co_assert.h), which this header includes, as it does
// AssertReceive and its like (assert_receive.h).
//
// A failure by hand names its seed. HYDRA_TEST_SEED=7 in the environment runs that seed only
// (with Bazel: --test_env=HYDRA_TEST_SEED=7).
#ifndef HYDRA_PROCESS_TESTING_PROCESS_TEST_H_
#define HYDRA_PROCESS_TESTING_PROCESS_TEST_H_

#include <functional>
#include <optional>

#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/testing/co_assert.h"

namespace hydra {

// The body of a process. It is called anew for each run.
using ProcessBody = std::function<Async<>()>;

// Runs a process by hand, for each seed, and expects that its body returns or, if `expected` is
// given, that it ends with that reason.
//
// For tests of how a process ends, and for bodies with parameters; HYDRA_TEST calls it for the
// rest. Stops at the first seed that fails. Not to be called by a process.
void TestByHand(const ProcessBody& body, const std::optional<ExitReason>& expected = std::nullopt);

// The same once, on a runtime of two schedulers. A body that hasn't ended after some fifty seconds
// is ended, and the test fails.
void TestOnThreads(const ProcessBody& body,
                   const std::optional<ExitReason>& expected = std::nullopt);

}  // namespace hydra

#define HYDRA_TEST(suite, name)                                                             \
  HYDRA_TEST_BY_HAND(suite, name);                                                          \
  TEST(suite, name##OnThreads) { ::hydra::TestOnThreads(&HydraTestBody_##suite##_##name); } \
  static ::hydra::Async<> HydraTestBody_##suite##_##name()

#define HYDRA_TEST_BY_HAND(suite, name)                                       \
  static ::hydra::Async<> HydraTestBody_##suite##_##name();                   \
  TEST(suite, name) { ::hydra::TestByHand(&HydraTestBody_##suite##_##name); } \
  static ::hydra::Async<> HydraTestBody_##suite##_##name()

#endif  // HYDRA_PROCESS_TESTING_PROCESS_TEST_H_
