#include "hydra/benchmarks/other_process.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string_view>

#include "hydra/base/check.h"

namespace hydra::benchmarks {

void Parent::ServeAt(std::string_view address) const {
  HYDRA_CHECK(write(lifeline_, address.data(), address.size()) > 0);
  char nothing;
  HYDRA_CHECK(read(lifeline_, &nothing, 1) == 0);
  _exit(0);
}

OtherProcess::OtherProcess(void (*live)(Parent parent)) {
  std::array<int, 2> ends;
  HYDRA_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()) == 0);
  pid_ = fork();
  HYDRA_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    close(ends[0]);
    live(Parent(ends[1]));
    HYDRA_CHECK(false) << "the other process doesn't serve";
  }
  close(ends[1]);
  lifeline_ = ends[0];
  std::array<char, 256> address;
  const ssize_t size = read(lifeline_, address.data(), address.size());
  HYDRA_CHECK(size > 0) << "the other process has died";
  address_.assign(address.data(), size);
}

OtherProcess::~OtherProcess() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  close(lifeline_);
}

}  // namespace hydra::benchmarks
