#include "hydra/base/log_sink.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log.h"
#include "hydra/base/log_severity.h"

namespace hydra {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class LogSinkTest : public ::testing::Test {
 protected:
  void TearDown() override { SetLogSink({}); }
};

using LogSinkDeathTest = LogSinkTest;

LogSink AppendTo(std::string& text) {
  return [&text](const LogEntry& entry) { text += entry.text; };
}

TEST_F(LogSinkTest, EntriesGoToTheSinkThatWasSetLast) {
  std::string first;
  std::string second;
  SetLogSink(AppendTo(first));
  HYDRA_LOG(INFO) << "1";
  SetLogSink(AppendTo(second));
  HYDRA_LOG(INFO) << "2";
  EXPECT_EQ(first, "1");
  EXPECT_EQ(second, "2");
}

TEST_F(LogSinkTest, SettingASinkReturnsTheOneBefore) {
  std::string text;
  EXPECT_EQ(SetLogSink(AppendTo(text)), nullptr) << "the default sink";
  LogSink previous = SetLogSink({});
  ASSERT_NE(previous, nullptr);
  SetLogSink(std::move(previous));
  HYDRA_LOG(INFO) << "again";
  EXPECT_EQ(text, "again");
}

TEST_F(LogSinkTest, TheDefaultWritesALineToStderr) {
  ::testing::internal::CaptureStderr();
  base_internal::SendToLogSink(
      {.severity = LogSeverity::kWarning,
       .time = absl::FromCivil(absl::CivilSecond(2026, 1, 31, 12, 59, 59), absl::UTCTimeZone()) +
               absl::Microseconds(123456),
       .file = "some/path/node.cc",
       .line = 87,
       .text = "peer lags"});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              MatchesRegex("2026-01-31T12:59:59.123456Z WARNING [0-9]+ node.cc:87: peer lags\n"));
}

TEST_F(LogSinkTest, TheDefaultIndentsFurtherLines) {
  ::testing::internal::CaptureStderr();
  HYDRA_LOG(INFO) << "peer is called a\n2026-01-31T12:59:59.123456Z FATAL";
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr(": peer is called a\n    2026-01-31T12:59:59.123456Z FATAL\n"));
}

TEST_F(LogSinkTest, WhatASinkLogsGoesToStderr) {
  std::string text;
  SetLogSink([&text](const LogEntry& entry) {
    text += entry.text;
    HYDRA_LOG(ERROR) << "from the sink";
  });
  ::testing::internal::CaptureStderr();
  HYDRA_LOG(INFO) << "from outside, ";
  HYDRA_LOG(INFO) << "twice";
  EXPECT_EQ(text, "from outside, twice");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("ERROR"));
}

TEST_F(LogSinkTest, ASinkMayReplaceItself) {
  std::string text;
  // Owned by the sink alone: freed too early, ASan tells.
  auto owned = std::make_shared<std::string>("owned");
  SetLogSink([&text, owned = std::move(owned)](const LogEntry&) {
    SetLogSink({});
    text += *owned;
  });
  HYDRA_LOG(INFO) << "go";
  EXPECT_EQ(text, "owned");
}

TEST_F(LogSinkTest, ASinkIsDestroyedOnceItIsReplaced) {
  auto owned = std::make_shared<int>(0);
  const std::weak_ptr<int> observer = owned;
  SetLogSink([owned = std::move(owned)](const LogEntry&) {});
  HYDRA_LOG(INFO) << "go";
  SetLogSink({});
  EXPECT_TRUE(observer.expired());
}

TEST_F(LogSinkTest, ThreadsMayLogWhileSinksAreSwapped) {
  constexpr int kThreads = 4;
  constexpr int kEntries = 500;
  std::atomic<int> counts[2] = {0, 0};
  const auto count_in = [&counts](int i) {
    return [&counts, i](const LogEntry&) { counts[i].fetch_add(1, std::memory_order_relaxed); };
  };
  SetLogSink(count_in(0));

  std::atomic<int> running = kThreads;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&running] {
      for (int entry = 0; entry < kEntries; ++entry) HYDRA_LOG(INFO) << "entry " << entry;
      running.fetch_sub(1, std::memory_order_relaxed);
    });
  }
  for (int swap = 1; running.load(std::memory_order_relaxed) > 0; ++swap) {
    SetLogSink(count_in(swap % 2));
  }
  threads.clear();
  EXPECT_EQ(counts[0] + counts[1], kThreads * kEntries);
}

TEST_F(LogSinkDeathTest, FatalAbortsAfterTheSinkReturned) {
  SetLogSink([](const LogEntry& entry) {
    std::fprintf(stderr, "sink got %s: %s\n", LogSeverityName(entry.severity), entry.text.c_str());
  });
  EXPECT_EXIT(HYDRA_LOG(FATAL) << "the end", ::testing::KilledBySignal(SIGABRT),
              HasSubstr("sink got FATAL: the end\n"));
}

TEST_F(LogSinkDeathTest, ASinkThatFailsStillTellsWhy) {
  SetLogSink([](const LogEntry&) { HYDRA_LOG(FATAL) << "the sink is broken"; });
  EXPECT_EXIT(HYDRA_LOG(INFO) << "go", ::testing::KilledBySignal(SIGABRT),
              HasSubstr("the sink is broken"));
}

}  // namespace
}  // namespace hydra
