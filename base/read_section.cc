#include "hydra/base/read_section.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "hydra/base/asymmetric_fence.h"
#include "hydra/base/mutex.h"

namespace hydra {
namespace base_internal {

std::atomic<uint64_t> read_epoch{1};

namespace {

// The places of all threads.
class ReadPlaces {
 public:
  ReadPlace& Take() {
    MutexLock lock(mutex_);
    for (ReadPlace& place : places_) {
      if (!std::exchange(place.in_use, true)) return place;
    }
    ReadPlace& place = places_.emplace_back();
    place.in_use = true;
    return place;
  }

  void GiveBack(ReadPlace& place) {
    MutexLock lock(mutex_);
    place.in_use = false;
  }

  // The epoch of the reader that has read longest; the largest number if nobody reads.
  uint64_t Oldest() {
    MutexLock lock(mutex_);
    uint64_t oldest = std::numeric_limits<uint64_t>::max();
    for (const ReadPlace& place : places_) {
      if (const uint64_t epoch = place.epoch.load(std::memory_order_acquire); epoch != 0)
        oldest = std::min(oldest, epoch);
    }
    return oldest;
  }

 private:
  Mutex mutex_;
  std::deque<ReadPlace> places_ ABSL_GUARDED_BY(mutex_);
};

// Never destroyed: threads may end after main has returned.
ReadPlaces& Places() {
  static ReadPlaces& places = *new ReadPlaces();
  return places;
}

// Gives a thread's place back when it ends.
struct PlaceOfThread {
  ReadPlace* place = nullptr;
  ~PlaceOfThread() {
    if (place != nullptr) Places().GiveBack(*std::exchange(place, nullptr));
  }
};

}  // namespace

ReadPlace& CurrentReadPlace() {
  static thread_local ReadPlace* current = nullptr;
  if (current == nullptr) [[unlikely]] {
    static thread_local PlaceOfThread owner;
    owner.place = current = &Places().Take();
  }
  return *current;
}

}  // namespace base_internal

void Limbo::Batch::DestroyAll() {
  for (const Object& object : objects_) object.destroy(object.object);
}

Limbo::Batch Limbo::TakeUnreadNow() {
  if (size() == 0) return {};
  const uint64_t epoch = base_internal::read_epoch.fetch_add(1, std::memory_order_acq_rel);
  aging_.push_back({epoch, std::exchange(fresh_, {})});
  Batch unread;
  if (AsymmetricFenceHeavy()) {
    const uint64_t oldest = base_internal::Places().Oldest();
    const auto read = std::find_if(aging_.begin(), aging_.end(),
                                   [&](const Aging& aging) { return aging.epoch >= oldest; });
    for (auto aging = aging_.begin(); aging != read; ++aging) {
      unread.objects_.insert(unread.objects_.end(), aging->batch.objects_.begin(),
                             aging->batch.objects_.end());
      aging->batch.objects_.clear();
    }
    aging_.erase(aging_.begin(), read);
  }
  // A reader that takes long must not make each change look.
  look_at_ = std::max(worth_a_look_, size());
  return unread;
}

size_t Limbo::size() const {
  size_t size = fresh_.size();
  for (const Aging& aging : aging_) size += aging.batch.size();
  return size;
}

}  // namespace hydra
