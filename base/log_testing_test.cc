#include "hydra/base/log_testing.h"

#include <thread>

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
