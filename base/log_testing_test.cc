#include "hydra/base/log_testing.h"

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log.h"
#include "hydra/base/log_sink.h"

namespace hydra {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;

TEST(ScopedLogCaptureTest, CollectsInOrder) {
  ScopedLogCapture capture;
  HYDRA_LOG(INFO) << "one";
  HYDRA_LOG(ERROR) << "two";
  EXPECT_THAT(capture.entries(),
              ElementsAre(Field(&LogEntry::text, "one"), Field(&LogEntry::text, "two")));
}

TEST(ScopedLogCaptureTest, CollectsFromAllThreads) {
  ScopedLogCapture capture;
  std::jthread([] { HYDRA_LOG(INFO) << "from another thread"; }).join();
  EXPECT_TRUE(capture.Contains("another"));
}

TEST(ScopedLogCaptureTest, ThreadsMayLogWhileItIsRead) {
  constexpr int kThreads = 4;
  constexpr int kEntries = 100;
  ScopedLogCapture capture;
  std::atomic<int> running = kThreads;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&running] {
      for (int entry = 0; entry < kEntries; ++entry) HYDRA_LOG(INFO) << "entry " << entry;
      running.fetch_sub(1, std::memory_order_relaxed);
    });
  }
  size_t seen = 0;
  while (running.load(std::memory_order_relaxed) > 0) {
    const size_t now = capture.entries().size();
    EXPECT_GE(now, seen);
    seen = now;
  }
  threads.clear();
  EXPECT_EQ(capture.entries().size(), size_t{kThreads} * kEntries);
}

// Its sink may still be at work when it ends: freed too early, the sanitizers tell.
TEST(ScopedLogCaptureTest, ThreadsMayLogWhileItEnds) {
  ScopedLogCapture outer;
  std::atomic<bool> stop = false;
  std::jthread logger([&stop] {
    while (!stop.load(std::memory_order_relaxed)) HYDRA_LOG(INFO) << "on and on";
  });
  for (int i = 0; i < 20; ++i) {
    ScopedLogCapture inner;
    while (!inner.Contains("on and on")) std::this_thread::yield();
  }
  stop.store(true, std::memory_order_relaxed);
}

TEST(ScopedLogCaptureTest, Nests) {
  ScopedLogCapture outer;
  {
    ScopedLogCapture inner;
    HYDRA_LOG(INFO) << "inner";
    EXPECT_TRUE(inner.Contains("inner"));
  }
  HYDRA_LOG(INFO) << "outer";
  EXPECT_THAT(outer.entries(), ElementsAre(Field(&LogEntry::text, "outer")));
}

TEST(ScopedLogCaptureTest, SetsTheSinkOfBeforeAgain) {
  {
    ScopedLogCapture capture;
  }
  EXPECT_EQ(SetLogSink({}), nullptr);
}

}  // namespace
}  // namespace hydra
