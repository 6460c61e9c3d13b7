#include "hydra/base/read_section.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/base/mutex.h"

namespace hydra {
namespace {

// Counts those of its kind that live.
class Counted {
 public:
  explicit Counted(int& living) : living_(living) { ++living_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --living_; }

 private:
  int& living_;
};

void Retire(Limbo& limbo, int& living, size_t count) {
  for (size_t i = 0; i < count; ++i) limbo.Add(new Counted(living));
}

TEST(ReadSectionTest, WhatNobodyReadsIsDestroyed) {
  int living = 0;
  Limbo limbo;
  Retire(limbo, living, Limbo::kWorthALook);
  {
    const Limbo::Batch unread = limbo.TakeUnread();
  }
  EXPECT_EQ(living, 0);
  EXPECT_EQ(limbo.size(), 0u);
}

TEST(ReadSectionTest, FewAreNotWorthALook) {
  int living = 0;
  {
    Limbo limbo;
    Retire(limbo, living, Limbo::kWorthALook - 1);
    {
      const Limbo::Batch unread = limbo.TakeUnread();
    }
    EXPECT_EQ(living, static_cast<int>(Limbo::kWorthALook) - 1);
  }
  EXPECT_EQ(living, 0) << "the limbo's end destroys what is in it";
}

TEST(ReadSectionTest, OneIsWorthALookIfSaidSo) {
  int living = 0;
  Limbo limbo(1);
  Retire(limbo, living, 1);
  EXPECT_EQ(limbo.TakeUnread().size(), 1u);
  {
    const ReadSection section;
    Retire(limbo, living, 1);
    EXPECT_EQ(limbo.TakeUnread().size(), 0u);
  }
  Retire(limbo, living, 1);
  EXPECT_EQ(limbo.TakeUnread().size(), 2u);
}

TEST(ReadSectionTest, AreTakenNowIfAskedFor) {
  int living = 0;
  Limbo limbo;
  EXPECT_EQ(limbo.TakeUnreadNow().size(), 0u);
  Retire(limbo, living, 2);
  {
    const ReadSection section;
    EXPECT_EQ(limbo.TakeUnreadNow().size(), 0u);
    EXPECT_EQ(limbo.size(), 2u);
  }
  EXPECT_EQ(limbo.TakeUnreadNow().size(), 2u);
  EXPECT_EQ(living, 0);
}

TEST(ReadSectionTest, WhatMayBeReadStays) {
  int living = 0;
  Limbo limbo;
  {
    const ReadSection outer;
    Retire(limbo, living, Limbo::kWorthALook);
    {
      const ReadSection nested;
      EXPECT_EQ(limbo.TakeUnread().size(), 0u);
    }
    // The end of the nested one changes nothing; and those who read don't make each change look.
    Retire(limbo, living, Limbo::kWorthALook);
    EXPECT_EQ(limbo.TakeUnread().size(), 0u);
    EXPECT_EQ(living, static_cast<int>(2 * Limbo::kWorthALook));
  }
  Retire(limbo, living, 2 * Limbo::kWorthALook);
  {
    const Limbo::Batch unread = limbo.TakeUnread();
  }
  EXPECT_EQ(living, 0);
}

TEST(ReadSectionTest, LaterReadersDontMatter) {
  int living = 0;
  Limbo limbo;
  {
    const ReadSection early;
    Retire(limbo, living, Limbo::kWorthALook);
    EXPECT_EQ(limbo.TakeUnread().size(), 0u);
  }
  const ReadSection late;
  Retire(limbo, living, Limbo::kWorthALook);
  EXPECT_EQ(limbo.TakeUnread().size(), Limbo::kWorthALook) << "those from before it";
  EXPECT_EQ(living, static_cast<int>(Limbo::kWorthALook)) << "those from after its beginning";
}

// Readers of a slot that a writer changes all the time: ASan or TSan sees an object that is destroyed too
// early, and so does the checksum.
TEST(ReadSectionTest, RacesOfReadersAndWriter) {
  struct Object {
    explicit Object(uint64_t number) : number(number), complement(~number) {}
    ~Object() { complement = 0; }
    uint64_t number;
    uint64_t complement;
  };
  constexpr uint64_t kChanges = 200'000;
  std::array<std::atomic<Object*>, 4> slots;
  for (auto& slot : slots) slot.store(new Object(0));
  std::atomic<bool> done{false};
  std::atomic<uint64_t> torn{0};

  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&] {
      while (!done.load(std::memory_order_relaxed)) {
        const ReadSection section;
        for (auto& slot : slots) {
          const Object* object = slot.load(std::memory_order_acquire);
          if (object->complement != ~object->number) torn.fetch_add(1);
        }
      }
    });
  }
  Mutex mutex;
  Limbo limbo;
  for (uint64_t number = 1; number <= kChanges; ++number) {
    Limbo::Batch unread;
    const MutexLock lock(mutex);
    limbo.Add(slots[number % slots.size()].exchange(new Object(number), std::memory_order_acq_rel));
    unread = limbo.TakeUnread();
  }
  done.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn.load(), 0u);
  for (auto& slot : slots) delete slot.load();
}

// Threads come and go, and their places are used again.
TEST(ReadSectionTest, EndedThreadsReadNothing) {
  int living = 0;
  Limbo limbo;
  for (int i = 0; i < 3; ++i) std::thread([] { const ReadSection section; }).join();
  Retire(limbo, living, Limbo::kWorthALook);
  {
    const Limbo::Batch unread = limbo.TakeUnread();
  }
  EXPECT_EQ(living, 0);
}

}  // namespace
}  // namespace hydra
