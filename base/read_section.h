// Reading what others change, without a lock: ReadSection, for who reads, and Limbo, for what a writer has
// taken out and readers may still look at (read-copy-update, RCU).
//
//   {
//     ReadSection section;                          // costs two plain writes to a line of this thread's own
//     if (const Node* node = head.load(std::memory_order_acquire)) Use(node->value);
//   }
//
//   Limbo::Batch unread;                            // destroyed last, when the lock is gone
//   MutexLock lock(mutex_);
//   limbo_.Add(head.exchange(next));                // nobody finds it any more
//   unread = limbo_.TakeUnread();
//
// Epochs say who may still read what (Fraser, "Practical lock-freedom", 2004, §5.2.3). Protocol
//   1. Enter, a reader: read `epoch` (acquire), store it in the thread's own place (release), light FENCE.
//   2. Leave: store 0 in it (release).
//   3. A writer takes objects out of reach, under the lock of their structure, and keeps them in its Limbo.
//   4. TakeUnread, the same: raise `epoch` by one; what is in limbo has its old value, E, at the most. Heavy FENCE.
//      Read all places (acquire). What has an epoch below that of all who read, or anything if nobody does,
//      is unread.
//
// Invariant: no reader holds what is unread. A reader that could have found an object read the structure
// before it was taken out; by the fences its place was visible to the writer in step 4, with the epoch that it
// had read in step 1. That was E at the most: who reads a later one has synchronised with step 4, so it
// sees that the object is out of reach.
#ifndef HYDRA_BASE_READ_SECTION_H_
#define HYDRA_BASE_READ_SECTION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "hydra/base/asymmetric_fence.h"
#include "hydra/base/compiler.h"

namespace hydra {
namespace base_internal {

// Where a thread says since when it reads. There are as many as there have been threads at a time that
// read; they are never freed.
struct alignas(64) ReadPlace {
  std::atomic<uint64_t> epoch{
      0};               // written by its thread, read by writers; 0 while it doesn't read
  int depth = 0;        // sections that are open; the thread's own
  bool in_use = false;  // guarded by the lock of the list of places
};

// The time: raised by writers that look for what is unread, read by all who enter; see the protocol.
extern std::atomic<uint64_t> read_epoch;

// The calling thread's.
HYDRA_NOINLINE ReadPlace& CurrentReadPlace();

}  // namespace base_internal

// While one lives on this thread, nothing that it can have found in a shared structure is destroyed. They
// may be nested. Not to be held across a `co_await`: a process may go on on another thread. What is retired
// meanwhile stays in memory, so a section is short.
class ReadSection {
 public:
  ReadSection() : place_(base_internal::CurrentReadPlace()) {
    if (place_.depth++ != 0) return;
    place_.epoch.store(base_internal::read_epoch.load(std::memory_order_acquire),
                       std::memory_order_release);
    AsymmetricFenceLight();
  }
  ReadSection(const ReadSection&) = delete;
  ReadSection& operator=(const ReadSection&) = delete;
  ~ReadSection() {
    if (--place_.depth == 0) place_.epoch.store(0, std::memory_order_release);
  }

 private:
  base_internal::ReadPlace& place_;
};

// What has been taken out of one structure and not been destroyed. Thread safety: thread-compatible; the
// structure's lock guards it. When it is destroyed nobody may be reading the structure any more.
class Limbo {
 public:
  static constexpr size_t kWorthALook = 128;

  // So many objects are worth a look; fewer where each is large, and changes are rare.
  explicit Limbo(size_t worth_a_look = kWorthALook)
      : worth_a_look_(worth_a_look), look_at_(worth_a_look) {}

  // Objects that nobody reads. Destroys them when it goes, in the order of their Add. Movable.
  class Batch {
   public:
    Batch() = default;
    Batch(Batch&& other) noexcept : objects_(std::move(other.objects_)) {}
    Batch& operator=(Batch&& other) noexcept {
      std::swap(objects_, other.objects_);
      return *this;
    }
    ~Batch() {
      if (!objects_.empty()) [[unlikely]]
        DestroyAll();
    }

    size_t size() const { return objects_.size(); }

   private:
    friend class Limbo;
    struct Object {
      void* object;
      void (*destroy)(void*);
    };

    HYDRA_NOINLINE void DestroyAll();

    std::vector<Object> objects_;
  };

  // Takes `object`, which was made by `new`, and which nobody finds any more who looks from now on.
  template <typename T>
  void Add(T* object) {
    fresh_.objects_.push_back({object, [](void* retired) { delete static_cast<T*>(retired); }});
  }

  // Takes out what nobody reads any more, if enough has come together to be worth the look; to be called after
  // each change. Destroying it may run users' code, so that is for the caller to do when it holds no lock.
  // Cost: a heavy fence for each look.
  [[nodiscard]] Batch TakeUnread() {
    if (fresh_.size() < look_at_) [[likely]]
      return {};
    return TakeUnreadNow();
  }
  // The same, however few there are.
  [[nodiscard]] HYDRA_NOINLINE Batch TakeUnreadNow();

  // How many there are.
  size_t size() const;

 private:
  struct Aging {
    uint64_t epoch;  // whoever reads and has this one, or an earlier one, may read them
    Batch batch;
  };

  const size_t worth_a_look_;
  Batch fresh_;
  std::vector<Aging> aging_;  // oldest first; there was a reader when they were looked at
  size_t look_at_;
};

}  // namespace hydra

#endif  // HYDRA_BASE_READ_SECTION_H_
