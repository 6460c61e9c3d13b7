#include "hydra/process/shared_pid.h"

#include <atomic>
#include <cstdint>
#include <thread>

#include "gtest/gtest.h"
#include "hydra/process/pid.h"
#include "hydra/process/testing/rounds.h"

namespace hydra {
namespace {

// Its words belong together.
Pid Numbered(uint32_t number) { return Pid(number, number, number); }

TEST(SharedPidTest, IsNobodyAtFirst) { EXPECT_FALSE(SharedPid().Get()); }

TEST(SharedPidTest, IsWhatWasSetLast) {
  SharedPid shared;
  shared.Set(Pid(1, 2, 3));
  shared.Set(Pid(4, 5, 6));
  EXPECT_EQ(shared.Get(), Pid(4, 5, 6));
}

TEST(SharedPidTest, IsReadAsAWhole) {
  SharedPid shared;
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done.load(std::memory_order_relaxed)) {
      const Pid pid = shared.Get();
      ASSERT_TRUE(pid.serial() == pid.slot() && pid.slot() == pid.home()) << pid;
    }
  });
  const auto rounds = static_cast<uint32_t>(Rounds(10'000'000));
  for (uint32_t number = 1; number <= rounds; ++number) shared.Set(Numbered(number));
  done = true;
  reader.join();
  EXPECT_EQ(shared.Get(), Numbered(rounds));
}

}  // namespace
}  // namespace hydra
