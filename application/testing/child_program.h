// ChildProgram: another program, run as an OS process of its own, for tests of signals and exit codes.
//
//   hydra::ChildProgram shop(std::getenv("SHOP"), {"serve"});
//   ASSERT_TRUE(shop.WaitFor("ready"));
//   shop.Signal(SIGTERM);
//   EXPECT_EQ(shop.Wait(), "exit code 0");
//   EXPECT_THAT(shop.output(), HasSubstr("stopped"));
//
// Nothing waits for longer than half a minute: then the test fails, and the program is killed.
#ifndef HYDRA_APPLICATION_TESTING_CHILD_PROGRAM_H_
#define HYDRA_APPLICATION_TESTING_CHILD_PROGRAM_H_

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

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

  // What it has written so far, as far as one of the waits has seen it.
  const std::string& output() const { return stdout_.text; }
  const std::string& errors() const { return stderr_.text; }

 private:
  struct Stream {
    int fd = -1;  // -1 at its end
    std::string text;
  };

  // Reads what comes next from either. Returns false at the end of both, and, with a failure, when time has
  // run out.
  bool ReadMore();
  static void Read(Stream& stream);

  pid_t pid_ = -1;  // -1 when it has been waited for
  Stream stdout_;
  Stream stderr_;
};

}  // namespace hydra

#endif  // HYDRA_APPLICATION_TESTING_CHILD_PROGRAM_H_
