#include "hydra/process/semaphore.h"

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "hydra/base/check.h"
#include "hydra/base/mutex.h"
#include "hydra/process/awaitable.h"

namespace hydra {
namespace process_internal {

// Thread safety: any thread.
class SemaphoreState : public std::enable_shared_from_this<SemaphoreState> {
 public:
  explicit SemaphoreState(uint32_t permits) : total_(permits), available_(permits) {}

  struct Waiting {
    uint32_t permits;
    Completion<Permit> completion;
    bool given = false;
  };
  using Queue = std::list<Waiting>;

  Queue::iterator Ask(uint32_t permits, Completion<Permit> completion) {
    HYDRA_CHECK(permits <= total_)
        << "Semaphore: " << permits << " permits are asked for of " << total_ << " in all";
    Queue added;
    const Queue::iterator place = added.insert(added.end(), {permits, std::move(completion)});
    {
      MutexLock lock(mutex_);
      waiting_.splice(waiting_.end(), added);
    }
    Give();
    return place;
  }

  // Takes one that may have been given its permits out of the queue.
  void GiveUp(Queue::iterator place) {
    Queue taken;
    {
      MutexLock lock(mutex_);
      Queue& queue = place->given ? given_ : waiting_;
      taken.splice(taken.end(), queue, place);
    }
    Give();  // it may have stood in the way of others
  }

  bool TryTake(uint32_t permits) {
    MutexLock lock(mutex_);
    if (!waiting_.empty() || available_ < permits) return false;
    available_ -= permits;
    return true;
  }

  void GiveBack(uint32_t permits) {
    {
      MutexLock lock(mutex_);
      available_ += permits;
    }
    Give();
  }

  uint32_t available() const {
    MutexLock lock(mutex_);
    return available_;
  }

 private:
  // Gives to those who have waited longest, as far as it goes. What nobody waits for any more comes back
  // by the destructor of the Permit, so it is given outside of the lock; and by one at a time, so that
  // many of these don't recurse.
  void Give() {
    {
      MutexLock lock(mutex_);
      if (std::exchange(giving_, true)) return;  // whoever gives goes on with what there is now
    }
    while (std::optional<Waiting> next = TakeNext())
      next->completion.Complete(Permit(shared_from_this(), next->permits));
  }

  std::optional<Waiting> TakeNext() {
    MutexLock lock(mutex_);
    giving_ = !waiting_.empty() && waiting_.front().permits <= available_;
    if (!giving_) return std::nullopt;
    std::optional<Waiting> next(waiting_.front());
    available_ -= next->permits;
    waiting_.front().given = true;
    given_.splice(given_.end(), waiting_, waiting_.begin());
    return next;
  }

  const uint32_t total_;
  mutable Mutex mutex_;
  uint32_t available_ ABSL_GUARDED_BY(mutex_);
  Queue waiting_ ABSL_GUARDED_BY(mutex_);
  Queue given_ ABSL_GUARDED_BY(mutex_);  // who have been given theirs, and haven't gone yet
  bool giving_ ABSL_GUARDED_BY(mutex_) = false;
};

void GiveBack(SemaphoreState& state, uint32_t permits) noexcept { state.GiveBack(permits); }

struct PermitAsk::Place {
  SemaphoreState::Queue::iterator iterator;
};

PermitAsk::PermitAsk(std::shared_ptr<SemaphoreState> state, uint32_t permits)
    : state_(std::move(state)), permits_(permits) {}

PermitAsk::PermitAsk(PermitAsk&&) noexcept = default;

PermitAsk::~PermitAsk() {
  if (place_ != nullptr) state_->GiveUp(place_->iterator);
}

void PermitAsk::operator()(Completion<Permit> completion) {
  place_ = std::make_unique<Place>(Place{state_->Ask(permits_, std::move(completion))});
}

}  // namespace process_internal

using process_internal::SemaphoreState;

Semaphore::Semaphore(uint32_t permits) : state_(std::make_shared<SemaphoreState>(permits)) {}

std::optional<Permit> Semaphore::TryAcquire(uint32_t permits) const {
  if (!state_->TryTake(permits)) return std::nullopt;
  return Permit(state_, permits);
}

uint32_t Semaphore::available() const { return state_->available(); }

}  // namespace hydra
