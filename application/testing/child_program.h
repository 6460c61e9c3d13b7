// ChildProgram: another program, run as an OS process of its own, for tests of signals and exit codes.
//
//   hydra::ChildProgram shop(std::getenv("SHOP"), {"serve"});
//   ASSERT_TRUE(shop.WaitFor("ready"));
//   shop.Signal(SIGTERM);
//   EXPECT_EQ(shop.Wait(), "exit code 0");
//   EXPECT_THAT(shop.output(), HasSubstr("stopped"));
//
// Nothing waits for longer than half a minute: then the test fails, and the program is killed. What the program writes
// is read all the time: a full pipe never holds it up.
#ifndef HYDRA_APPLICATION_TESTING_CHILD_PROGRAM_H_
#define HYDRA_APPLICATION_TESTING_CHILD_PROGRAM_H_

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "hydra/base/mutex.h"

namespace hydra {

// Thread safety: one thread.
class ChildProgram {
 public:
  // Starts the program at `path`, with no signal blocked or ignored.
  ChildProgram(const std::string& path, std::vector<std::string> arguments);
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;
  // Kills it, if it hasn't been waited for.
  ~ChildProgram();

  // To be used until it has been waited for.
  pid_t pid() const { return pid_; }

  // Sends it the signal of that number.
  void Signal(int number);

  // Waits until it has written `text`, to stdout or stderr. Returns false, with a failure, if it ends without
  // that.
  bool WaitFor(std::string_view text);

  // Waits until it has ended, and returns how: "exit code 1", "signal 15".
  std::string Wait();

  // What it has written so far; all of it once it has been waited for.
  std::string output() const { return TextOf(0); }
  std::string errors() const { return TextOf(1); }

 private:
  std::string TextOf(size_t stream) const;
  // Waits until more has been written. Returns false if nothing will be, and, with a failure, when time has run out.
  bool AwaitMore() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The reader's.
  void Read();
  void ReadSome(size_t stream);

  pid_t pid_ = -1;  // -1 when it has been waited for
  // Of stdout and stderr, as the texts; the reader's. -1 at the end of one.
  std::array<int, 2> files_ = {-1, -1};
  const int stop_;  // the reader reads no more when this is written to
  mutable Mutex mutex_;
  CondVar has_read_;
  std::array<std::string, 2> texts_ ABSL_GUARDED_BY(mutex_);
  bool is_all_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread reader_;
};

}  // namespace hydra

#endif  // HYDRA_APPLICATION_TESTING_CHILD_PROGRAM_H_
