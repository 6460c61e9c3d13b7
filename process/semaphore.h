// Semaphore: so many permits, for processes that share something that only so many may use at a time.
//
//   hydra::Semaphore connections(10);
//   hydra::Permit permit = co_await connections.Acquire();      // waits until there is one
//   ...                                                         // given back when `permit` goes
//
//   std::optional<hydra::Permit> soon = co_await connections.Acquire().Within(absl::Seconds(1));
//
// It is fair: permits are given in the order in which they were asked for; who asks for many isn't passed
// by those who ask for few. A process that ends gives back what it holds, and no longer waits.
#ifndef HYDRA_PROCESS_SEMAPHORE_H_
#define HYDRA_PROCESS_SEMAPHORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "hydra/process/awaitable.h"

namespace hydra {

class Permit;

namespace process_internal {

class SemaphoreState;

// Gives back permits to the semaphore.
void GiveBack(SemaphoreState& state, uint32_t permits) noexcept;

// Asks for permits when it is called; doesn't any more when it is destroyed. Movable until then.
class PermitAsk {
 public:
  PermitAsk(std::shared_ptr<SemaphoreState> state, uint32_t permits);
  PermitAsk(PermitAsk&&) noexcept;
  ~PermitAsk();

  void operator()(Completion<Permit> completion);

 private:
  struct Place;

  std::shared_ptr<SemaphoreState> state_;
  uint32_t permits_;
  std::unique_ptr<Place> place_;  // in the queue, once it has asked
};

}  // namespace process_internal

// Permits that are held; given back when it is destroyed. Movable; holds none after it was moved from. Can
// be sent to another process, which holds them then.
class [[nodiscard("the permits are given back when this is destroyed")]] Permit {
 public:
  Permit() = default;
  Permit(Permit&& other) noexcept
      : state_(std::move(other.state_)), permits_(std::exchange(other.permits_, 0)) {}
  Permit& operator=(Permit&& other) noexcept {
    Permit taken(std::move(other));
    std::swap(state_, taken.state_);
    std::swap(permits_, taken.permits_);
    return *this;
  }
  ~Permit() { Release(); }

  uint32_t permits() const { return permits_; }

  // Gives them back now.
  void Release() noexcept {
    if (permits_ != 0) process_internal::GiveBack(*state_, std::exchange(permits_, 0));
  }

  // For Semaphore.
  Permit(std::shared_ptr<process_internal::SemaphoreState> state, uint32_t permits)
      : state_(std::move(state)), permits_(permits) {}

 private:
  std::shared_ptr<process_internal::SemaphoreState> state_;
  uint32_t permits_ = 0;
};

// Copies share their permits, which outlive them where they are held. Thread safety: any thread.
class Semaphore {
 public:
  explicit Semaphore(uint32_t permits);

  // Waits for that many permits and takes them, when it is awaited; `Within` limits the time. Must be
  // awaited by a process. More than there are at all are never given: that fails a check.
  auto Acquire(uint32_t permits = 1) const {
    return Awaitable<Permit>(process_internal::PermitAsk(state_, permits));
  }

  // Takes them if they are there and nobody waits.
  std::optional<Permit> TryAcquire(uint32_t permits = 1) const;

  // How many are there. A moment's truth.
  uint32_t available() const;

 private:
  std::shared_ptr<process_internal::SemaphoreState> state_;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_SEMAPHORE_H_
