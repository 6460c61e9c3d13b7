#include "hydra/application/testing/child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/base/check.h"
#include "hydra/base/mutex.h"

namespace hydra {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);  // for each piece of output

struct Pipe {
  Pipe() {
    int ends[2];
    HYDRA_CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    read_end = ends[0];
    write_end = ends[1];
  }
  int read_end;
  int write_end;
};

}  // namespace

ChildProgram::ChildProgram(const std::string& path, std::vector<std::string> arguments)
    : stop_(eventfd(0, EFD_CLOEXEC)) {
  const Pipe out;
  const Pipe err;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out.write_end, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write_end, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv = {const_cast<char*>(path.c_str())};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  HYDRA_CHECK_EQ(posix_spawn(&pid_, path.c_str(), &actions, &attributes, argv.data(), environ), 0)
      << path;
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(out.write_end);
  close(err.write_end);
  files_ = {out.read_end, err.read_end};
  reader_ = std::thread([this] { Read(); });
}

ChildProgram::~ChildProgram() {
  if (pid_ != -1) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  eventfd_write(stop_, 1);
  reader_.join();
  for (const int file : files_) {
    if (file != -1) close(file);
  }
  close(stop_);
}

void ChildProgram::Signal(int number) { HYDRA_CHECK_EQ(kill(pid_, number), 0); }

bool ChildProgram::WaitFor(std::string_view text) {
  const MutexLock lock(mutex_);
  while (texts_[0].find(text) == std::string::npos && texts_[1].find(text) == std::string::npos) {
    if (AwaitMore()) continue;
    ADD_FAILURE() << "The program has never said \"" << text << "\", but\n"
                  << texts_[0] << "and to stderr\n"
                  << texts_[1];
    return false;
  }
  return true;
}

std::string ChildProgram::Wait() {
  {
    const MutexLock lock(mutex_);
    while (AwaitMore()) {
    }
    if (!is_all_) return "it doesn't end";
  }
  int status = 0;
  HYDRA_CHECK_EQ(waitpid(std::exchange(pid_, -1), &status, 0) > 0, true);
  if (WIFEXITED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  return "signal " + std::to_string(WTERMSIG(status));
}

std::string ChildProgram::TextOf(size_t stream) const {
  const MutexLock lock(mutex_);
  return texts_[stream];
}

bool ChildProgram::AwaitMore() {
  if (is_all_) return false;
  if (has_read_.WaitFor(mutex_, kPatience)) return true;
  ADD_FAILURE() << "The program has said nothing for half a minute, and hasn't ended. It said\n"
                << texts_[0] << "and to stderr\n"
                << texts_[1];
  return false;
}

void ChildProgram::Read() {
  while (files_[0] != -1 || files_[1] != -1) {
    pollfd fds[] = {{stop_, POLLIN, 0}, {files_[0], POLLIN, 0}, {files_[1], POLLIN, 0}};
    if (poll(fds, 3, -1) < 0) continue;
    if (fds[0].revents != 0) return;
    if (fds[1].revents != 0) ReadSome(0);
    if (fds[2].revents != 0) ReadSome(1);
  }
  const MutexLock lock(mutex_);
  is_all_ = true;
  has_read_.NotifyAll();
}

void ChildProgram::ReadSome(size_t stream) {
  char buffer[4096];
  const ssize_t size = read(files_[stream], buffer, sizeof(buffer));
  if (size == 0 || (size < 0 && errno != EINTR)) close(std::exchange(files_[stream], -1));
  if (size <= 0) return;
  const MutexLock lock(mutex_);
  texts_[stream].append(buffer, static_cast<size_t>(size));
  has_read_.NotifyAll();
}

}  // namespace hydra
