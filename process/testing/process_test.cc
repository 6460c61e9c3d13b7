#include "hydra/process/testing/process_test.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"
#include "hydra/process/runtime.h"
#include "hydra/process/self.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using process_internal::Entry;
using process_internal::ExitWatcher;
using process_internal::MakeEntry;

constexpr uint64_t kSeeds = 20;

// Turns after which a run by hand is taken to go on for ever.
constexpr int64_t kMaxTurns = 1'000'000;

// Less than the minute that a small test has with Bazel.
constexpr absl::Duration kMaxRealTime = absl::Seconds(50);

constexpr char kTookTooLong[] = "the test took too long";

// Learns why a process has ended.
struct End final : ExitWatcher {
  void OnExit(const ExitReason& why) override { reason = why; }

  std::optional<ExitReason> reason;
};

// A runtime that is driven until one process has ended.
class DrivenRuntime final : public ManualRuntime {
 public:
  explicit DrivenRuntime(uint64_t seed) : ManualRuntime({.seed = seed}) {}

  // Runs the process that is made from `entry` until it ends, and tells `end`, which must outlive
  // this. Returns false, with a failure, if it doesn't end.
  bool Drive(Entry* entry, End& end) {
    entry->watcher = &end;
    scheduler().Spawn(entry);
    for (int64_t turns = 0; turns < kMaxTurns; ++turns) {
      const bool goes_on = RunOneOrAdvance();
      if (end.reason.has_value()) return true;
      if (!goes_on) {
        ADD_FAILURE() << "The body waits for ever: every process waits, and no timer is running.";
        return false;
      }
    }
    ADD_FAILURE() << "The body hasn't ended after " << kMaxTurns << " turns.";
    return false;
  }
};

Async<> EndAfter(absl::Duration time, Pid pid) {
  co_await Sleep(time);
  Exit(pid, ExitReason::Custom(kTookTooLong));
}

// The process that runs `body`, and says whether that has returned.
Async<> Run(ProcessBody body, std::shared_ptr<bool> returned, std::optional<absl::Duration> limit) {
  if (limit.has_value()) (void)SpawnWith({.priority = Priority::kHigh}, EndAfter, *limit, Self());
  try {
    co_await body();
  } catch (const testing_internal::TestFailed&) {
    // Reported already.
  }
  *returned = true;
}

// Without an expected reason the body must have returned.
void ExpectReason(const ExitReason& reason, const std::optional<ExitReason>& expected,
                  bool returned) {
  if (expected.has_value() ? reason == *expected : returned) return;
  if (reason.text() == kTookTooLong) {
    ADD_FAILURE() << "The body hasn't ended after " << absl::FormatDuration(kMaxRealTime) << ".";
  } else if (!testing::Test::HasFailure()) {
    // Otherwise the failure that ended it is reported already, and says more.
    ADD_FAILURE() << "The body ended with the reason '" << reason << "', and should have "
                  << (expected.has_value() ? "had '" + expected->ToString() + "'." : "returned.");
  }
}

void TestWithSeed(const ProcessBody& body, const std::optional<ExitReason>& expected,
                  uint64_t seed) {
  const testing::ScopedTrace trace(__FILE__, __LINE__,
                                   "by hand, HYDRA_TEST_SEED=" + std::to_string(seed));
  End end;
  DrivenRuntime runtime(seed);
  const auto returned = std::make_shared<bool>(false);
  if (runtime.Drive(MakeEntry(&Run, body, returned, std::nullopt), end))
    ExpectReason(*end.reason, expected, *returned);
}

}  // namespace

void TestByHand(const ProcessBody& body, const std::optional<ExitReason>& expected) {
  if (const char* seed = std::getenv("HYDRA_TEST_SEED")) {
    return TestWithSeed(body, expected, std::strtoull(seed, nullptr, 10));
  }
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    TestWithSeed(body, expected, seed);
    if (testing::Test::HasFailure()) return;
  }
}

void TestOnThreads(const ProcessBody& body, const std::optional<ExitReason>& expected) {
  Runtime runtime({.schedulers = 2});
  const auto returned = std::make_shared<bool>(false);
  const ExitReason reason = runtime.Run(&Run, body, returned, kMaxRealTime);
  ExpectReason(reason, expected, *returned);
}

}  // namespace hydra
