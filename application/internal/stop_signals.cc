#include "hydra/application/internal/stop_signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/base/mutex.h"

namespace hydra::application_internal {
namespace {

// Longer limits are none: the clock would overflow.
constexpr absl::Duration kLongest = absl::Hours(24 * 365 * 10);

// Says why, and ends the OS process. Nothing that another thread might hold is needed for it, and no reader
// of stderr can hold it up.
[[noreturn]] void EndProcess(int exit_code, const std::string& why) {
  const std::string line = (why + "\n").substr(0, PIPE_BUF);
  pollfd error = {STDERR_FILENO, POLLOUT, 0};
  if (poll(&error, 1, 0) > 0) static_cast<void>(!write(STDERR_FILENO, line.data(), line.size()));
  _exit(exit_code);
}

}  // namespace

StopSignals::StopSignals(absl::Duration limit) : limit_(limit) {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  HYDRA_CHECK_EQ(pthread_sigmask(SIG_BLOCK, &signals_, &mask_before_), 0);
  signal_fd_ = signalfd(-1, &signals_, SFD_CLOEXEC);
  HYDRA_CHECK(signal_fd_ >= 0) << "signalfd: errno " << errno;
  wake_fd_ = eventfd(0, EFD_CLOEXEC);
  HYDRA_CHECK(wake_fd_ >= 0) << "eventfd: errno " << errno;
}

StopSignals::~StopSignals() {
  {
    const MutexLock lock(mutex_);
    done_ = true;
  }
  if (thread_.joinable()) {
    Wake();
    thread_.join();
  }
  close(wake_fd_);
  close(signal_fd_);
  sigset_t answered;
  sigemptyset(&answered);
  for (const int signal : {SIGTERM, SIGINT}) {
    if (sigismember(&mask_before_, signal) == 0) sigaddset(&answered, signal);
  }
  const timespec now = {};
  while (sigtimedwait(&answered, nullptr, &now) > 0) {
  }
  HYDRA_CHECK_EQ(pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr), 0);
}

void StopSignals::Start(std::function<void(int)> on_signal,
                        std::function<std::string()> still_running) {
  {
    const MutexLock lock(mutex_);
    on_signal_ = std::move(on_signal);
    still_running_ = std::move(still_running);
  }
  thread_ = std::thread([this] { TakeSignals(); });
}

void StopSignals::StopBegins() {
  {
    const MutexLock lock(mutex_);
    if (deadline_.has_value()) return;
    BeginStop();
  }
  Wake();
}

void StopSignals::Detach() {
  const MutexLock lock(mutex_);
  on_signal_ = nullptr;
  still_running_ = nullptr;
}

void StopSignals::TakeSignals() {
  for (;;) {
    const int signal = Take();
    const MutexLock lock(mutex_);
    if (done_) return;
    if (signal != 0) Handle(signal);
    if (deadline_.has_value() && Clock::now() >= *deadline_) EndAtLimit();
  }
}

int StopSignals::Take() {
  pollfd fds[] = {{signal_fd_, POLLIN, 0}, {wake_fd_, POLLIN, 0}};
  if (poll(fds, 2, UntilDeadline()) <= 0) return 0;
  if (fds[1].revents != 0) {
    eventfd_t wakes;
    eventfd_read(wake_fd_, &wakes);
  }
  signalfd_siginfo info;
  if (fds[0].revents == 0 || read(signal_fd_, &info, sizeof(info)) != sizeof(info)) return 0;
  return static_cast<int>(info.ssi_signo);
}

int StopSignals::UntilDeadline() {
  const MutexLock lock(mutex_);
  if (!deadline_.has_value()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, INT_MAX));  // not all of it: asked again
}

void StopSignals::Wake() { eventfd_write(wake_fd_, 1); }

void StopSignals::Handle(int signal) {
  if (std::exchange(has_had_signal_, true))
    EndProcess(128 + signal, "a second signal: ending at once");
  if (deadline_.has_value()) return;
  BeginStop();
  if (on_signal_ != nullptr) on_signal_(signal);
}

void StopSignals::BeginStop() {
  deadline_ =
      Clock::now() + absl::ToChronoNanoseconds(std::clamp(limit_, absl::ZeroDuration(), kLongest));
}

void StopSignals::EndAtLimit() {
  std::string why = "the system hasn't stopped within " + absl::FormatDuration(limit_);
  if (still_running_ != nullptr) why += still_running_();
  EndProcess(1, why + ": ending at once");
}

}  // namespace hydra::application_internal
