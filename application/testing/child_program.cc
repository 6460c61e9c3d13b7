#include "hydra/application/testing/child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/base/check.h"

namespace hydra {
namespace {

constexpr int kPatience = 30'000;  // milliseconds, for each piece of output

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

ChildProgram::ChildProgram(const std::string& path, std::vector<std::string> arguments) {
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
  stdout_.fd = out.read_end;
  stderr_.fd = err.read_end;
}

ChildProgram::~ChildProgram() {
  if (pid_ != -1) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (const int fd : {stdout_.fd, stderr_.fd}) {
    if (fd != -1) close(fd);
  }
}

void ChildProgram::Signal(int number) { HYDRA_CHECK_EQ(kill(pid_, number), 0); }

bool ChildProgram::WaitFor(std::string_view text) {
  while (stdout_.text.find(text) == std::string::npos &&
         stderr_.text.find(text) == std::string::npos) {
    if (ReadMore()) continue;
    ADD_FAILURE() << "The program has never said \"" << text << "\", but\n"
                  << stdout_.text << "and to stderr\n"
                  << stderr_.text;
    return false;
  }
  return true;
}

std::string ChildProgram::Wait() {
  while (ReadMore()) {
  }
  if (stdout_.fd != -1 || stderr_.fd != -1) return "it doesn't end";
  int status = 0;
  HYDRA_CHECK_EQ(waitpid(std::exchange(pid_, -1), &status, 0) > 0, true);
  if (WIFEXITED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  return "signal " + std::to_string(WTERMSIG(status));
}

bool ChildProgram::ReadMore() {
  if (stdout_.fd == -1 && stderr_.fd == -1) return false;
  pollfd fds[] = {{stdout_.fd, POLLIN, 0}, {stderr_.fd, POLLIN, 0}};
  int ready;
  do {
    ready = poll(fds, 2, kPatience);
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) {
    ADD_FAILURE() << "The program has said nothing for half a minute, and hasn't ended. It said\n"
                  << stdout_.text << "and to stderr\n"
                  << stderr_.text;
    return false;
  }
  if (fds[0].revents != 0) Read(stdout_);
  if (fds[1].revents != 0) Read(stderr_);
  return true;
}

void ChildProgram::Read(Stream& stream) {
  char buffer[4096];
  const ssize_t size = read(stream.fd, buffer, sizeof(buffer));
  if (size > 0) {
    stream.text.append(buffer, static_cast<size_t>(size));
  } else if (size == 0 || errno != EINTR) {
    close(std::exchange(stream.fd, -1));
  }
}

}  // namespace hydra
