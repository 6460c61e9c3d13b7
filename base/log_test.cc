#include "hydra/base/log.h"

#include <csignal>
#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_severity.h"
#include "hydra/base/log_sink.h"
#include "hydra/base/log_testing.h"

namespace hydra {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

struct WithToString {
  std::string ToString() const { return "to string"; }
};

struct WithStream {
  friend std::ostream& operator<<(std::ostream& stream, const WithStream&) {
    return stream << "streamed";
  }
};

enum class Plain : int8_t { kMinusOne = -1 };
enum class Streamed { kOne };
std::ostream& operator<<(std::ostream& stream, Streamed) { return stream << "kOne"; }

// Returns the text of the one entry that `log` makes.
template <typename F>
std::string TextOf(F log) {
  ScopedLogCapture capture;
  log();
  const std::vector<LogEntry> entries = capture.entries();
  EXPECT_EQ(entries.size(), 1u);
  return entries.empty() ? "" : entries.front().text;
}

TEST(LogTest, AnEntryHasSeverityPlaceTimeAndText) {
  ScopedLogCapture capture;
  HYDRA_LOG(INFO) << "one";
  HYDRA_LOG(WARNING) << "two";
  const int line = __LINE__ + 1;
  HYDRA_LOG(ERROR) << "thr" << "ee";

  const std::vector<LogEntry> entries = capture.entries();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].severity, LogSeverity::kInfo);
  EXPECT_EQ(entries[1].severity, LogSeverity::kWarning);
  EXPECT_EQ(entries[2].severity, LogSeverity::kError);
  EXPECT_THAT(entries[2].file, HasSubstr("log_test.cc"));
  EXPECT_EQ(entries[2].line, line);
  EXPECT_EQ(entries[2].text, "three");
  EXPECT_GT(entries[2].time, absl::UnixEpoch());
}

TEST(LogTest, TakesAllKindsOfText) {
  const std::string text = "text";
  const char* const no_text = nullptr;
  char array[] = "array";
  char* const mutable_text = array;
  EXPECT_EQ(TextOf([&] {
              HYDRA_LOG(INFO) << "literal " << text << ' ' << std::string_view(text) << ' '
                              << absl::string_view(text.data(), text.size()) << ' ' << no_text
                              << ' ' << array << ' ' << mutable_text;
            }),
            "literal text text text null array array");
}

TEST(LogTest, KeepsNulBytes) {
  EXPECT_EQ(TextOf([] { HYDRA_LOG(INFO) << std::string_view("a\0b", 3); }), std::string("a\0b", 3));
}

TEST(LogTest, TakesNumbers) {
  EXPECT_EQ(TextOf([] {
              HYDRA_LOG(INFO) << std::numeric_limits<int64_t>::min() << ' '
                              << std::numeric_limits<uint64_t>::max() << ' ' << int8_t{-7} << ' '
                              << uint8_t{65} << ' ' << 0.25 << ' ' << 1.5f << ' ' << true;
            }),
            "-9223372036854775808 18446744073709551615 -7 65 0.25 1.5 true");
}

TEST(LogTest, TakesPointers) {
  const int* const pointer = reinterpret_cast<const int*>(0xbeef);
  EXPECT_EQ(TextOf([&] { HYDRA_LOG(INFO) << pointer << ' ' << nullptr; }), "0xbeef null");
  EXPECT_THAT(TextOf([] { HYDRA_LOG(INFO) << &SetMinLogSeverity; }), MatchesRegex("0x.+"));
}

TEST(LogTest, TakesObjectsAndEnumerators) {
  EXPECT_EQ(TextOf([] {
              HYDRA_LOG(INFO) << WithToString() << ", " << WithStream() << ", " << Plain::kMinusOne
                              << ", " << Streamed::kOne << ", " << absl::Seconds(90);
            }),
            "to string, streamed, -1, kOne, 1m30s");
}

class MinLogSeverityTest : public ::testing::Test {
 protected:
  void TearDown() override { SetMinLogSeverity(LogSeverity::kInfo); }
};

TEST_F(MinLogSeverityTest, WhatIsBelowItIsNotEvenEvaluated) {
  ScopedLogCapture capture;
  SetMinLogSeverity(LogSeverity::kError);
  EXPECT_EQ(MinLogSeverity(), LogSeverity::kError);
  int evaluated = 0;
  HYDRA_LOG(INFO) << ++evaluated;
  HYDRA_LOG(WARNING) << ++evaluated;
  EXPECT_EQ(evaluated, 0);
  EXPECT_THAT(capture.entries(), IsEmpty());
  HYDRA_LOG(ERROR) << ++evaluated;
  EXPECT_EQ(evaluated, 1);
  EXPECT_TRUE(capture.Contains("1"));
}

TEST_F(MinLogSeverityTest, FatalIsAlwaysLogged) {
  SetMinLogSeverity(LogSeverity::kFatal);
  EXPECT_DEATH(HYDRA_LOG(FATAL) << "the end", HasSubstr("the end"));
}

TEST(LogTest, IsOneStatement) {
  ScopedLogCapture capture;
  // NOLINTBEGIN(google-readability-braces-around-statements): the else must be of this if.
  if (capture.entries().empty())
    HYDRA_LOG(INFO) << "empty";
  else
    HYDRA_LOG(INFO) << "not empty";
  // NOLINTEND(google-readability-braces-around-statements)
  EXPECT_TRUE(capture.Contains("empty"));
  EXPECT_FALSE(capture.Contains("not empty"));
}

// Must compile: the compiler knows that it doesn't return.
int Fail() { HYDRA_LOG(FATAL) << "no " << "number"; }

TEST(LogDeathTest, FatalShowsTheStackAndAborts) {
  EXPECT_EXIT(Fail(), ::testing::KilledBySignal(SIGABRT),
              AllOf(HasSubstr("FATAL"), HasSubstr("log_test.cc:"), HasSubstr("no number\n"),
                    HasSubstr("    @ "), HasSubstr("main")));
}

}  // namespace
}  // namespace hydra
