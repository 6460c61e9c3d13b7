#include "hydra/process/internal/block_pool.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "gtest/gtest.h"
#include "hydra/base/compiler.h"
#include "hydra/base/mutex.h"
#include "hydra/process/testing/rounds.h"

namespace hydra::process_internal {
namespace {

// Where every block is malloc's, nothing can be said of which block comes next; that the tests
// allocate and free correctly is then the sanitizer's to tell.
#if defined(HYDRA_ASAN) || defined(HYDRA_TSAN)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif

// More than two magazines of any size, so that the depot has a part in it.
constexpr int kManyBlocks = 4000;
// A magazine holds no more blocks of 432 bytes and above.
constexpr size_t kSmallMagazine = 160;

using Blocks = std::vector<void*>;

Blocks Allocate(int count, size_t bytes) {
  Blocks blocks;
  for (int i = 0; i < count; ++i) blocks.push_back(AllocateBlock(bytes));
  return blocks;
}

void Free(const Blocks& blocks, size_t bytes) {
  for (void* block : blocks) FreeBlock(block, bytes);
}

std::set<void*> Addresses(const Blocks& blocks) { return {blocks.begin(), blocks.end()}; }

// A block that is full of bytes of its own, so that it shows when another one overlaps it.
class StampedBlock {
 public:
  StampedBlock() = default;
  StampedBlock(size_t bytes, uint8_t stamp)
      : block_(static_cast<uint8_t*>(AllocateBlock(bytes))), bytes_(bytes), stamp_(stamp) {
    std::memset(block_, stamp, bytes);
  }

  StampedBlock(StampedBlock&& other) noexcept { swap(other); }
  StampedBlock& operator=(StampedBlock&& other) noexcept {
    StampedBlock(std::move(other)).swap(*this);
    return *this;
  }
  ~StampedBlock() {
    if (block_ != nullptr) FreeBlock(block_, bytes_);
  }

  void swap(StampedBlock& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(bytes_, other.bytes_);
    std::swap(stamp_, other.stamp_);
  }

  bool IsIntact() const {
    if (block_ == nullptr) return true;
    return block_[0] == stamp_ && std::memcmp(block_, block_ + 1, bytes_ - 1) == 0;
  }
  bool IsAligned() const { return reinterpret_cast<uintptr_t>(block_) % 16 == 0; }

 private:
  uint8_t* block_ = nullptr;
  size_t bytes_ = 0;
  uint8_t stamp_ = 0;
};

TEST(BlockPoolTest, BlocksOfAllSizesAreAlignedAndApart) {
  std::vector<StampedBlock> blocks;
  for (int round = 0; round < 8; ++round) {
    for (size_t bytes = 1; bytes <= 600; ++bytes)
      blocks.emplace_back(bytes, static_cast<uint8_t>(blocks.size() % 251));
  }
  for (const StampedBlock& block : blocks) {
    ASSERT_TRUE(block.IsAligned());
    ASSERT_TRUE(block.IsIntact());
  }
}

TEST(BlockPoolTest, ReusedBlocksOfAllSizesAreAlignedAndApart) {
  for (size_t bytes = 1; bytes <= 600; ++bytes) Free(Allocate(4, bytes), bytes);
  std::vector<StampedBlock> blocks;
  for (size_t bytes = 600; bytes > 0; --bytes) {
    for (int i = 0; i < 4; ++i)
      blocks.emplace_back(bytes, static_cast<uint8_t>(blocks.size() % 251));
  }
  for (const StampedBlock& block : blocks) {
    ASSERT_TRUE(block.IsAligned());
    ASSERT_TRUE(block.IsIntact());
  }
}

TEST(BlockPoolTest, ManyBlocksOfOneSizeAreDistinct) {
  for (const size_t bytes : {16, 64, 80, 512, 513}) {
    const Blocks blocks = Allocate(kManyBlocks, bytes);
    EXPECT_EQ(Addresses(blocks).size(), kManyBlocks) << bytes;
    Free(blocks, bytes);
  }
}

TEST(BlockPoolTest, FreedBlocksAreUsedAgain) {
  if (!kPooled) GTEST_SKIP() << "every block is malloc's";
  for (const size_t bytes : {32, 144, 512}) {
    const Blocks first = Allocate(kManyBlocks, bytes);
    Free(first, bytes);
    const Blocks second = Allocate(kManyBlocks, bytes);
    EXPECT_EQ(Addresses(second), Addresses(first)) << bytes;
    Free(second, bytes);
  }
}

TEST(BlockPoolTest, LastFreedBlockIsUsedFirst) {
  if (!kPooled) GTEST_SKIP() << "every block is malloc's";
  void* first = AllocateBlock(100);
  void* second = AllocateBlock(100);
  FreeBlock(first, 100);
  FreeBlock(second, 100);
  EXPECT_EQ(AllocateBlock(100), second);
  EXPECT_EQ(AllocateBlock(100), first);
  FreeBlock(first, 100);
  FreeBlock(second, 100);
}

TEST(BlockPoolTest, GoingToAndFroAtTheEdgeOfAMagazineTakesNoNewBlocks) {
  if (!kPooled) GTEST_SKIP() << "every block is malloc's";
  constexpr size_t kBytes = 48;
  Blocks blocks = Allocate(kManyBlocks, kBytes);
  std::set<void*> seen = Addresses(blocks);
  for (int distance = 1; distance < kManyBlocks; distance += 31) {
    Free(Blocks(blocks.end() - distance, blocks.end()), kBytes);
    blocks.resize(blocks.size() - distance);
    for (void* block : Allocate(distance, kBytes)) {
      blocks.push_back(block);
      ASSERT_TRUE(seen.contains(block)) << distance;
    }
  }
  EXPECT_EQ(Addresses(blocks), seen);
  Free(blocks, kBytes);
}

// ---- Threads.

// As messages do that all go one way. Were a block lost when a thread that didn't allocate it frees
// it, each round would need others.
TEST(BlockPoolTest, BlocksFreedOnAnotherThreadComeBack) {
  constexpr size_t kBytes = 448;
  constexpr int kRounds = 50;
  std::array<Blocks, kRounds> sent;
  std::atomic<int> rounds_sent{0};
  std::atomic<int> rounds_freed{0};
  std::thread receiver([&] {
    for (int round = 0; round < kRounds; ++round) {
      rounds_sent.wait(round, std::memory_order_acquire);
      Free(sent[round], kBytes);
      rounds_freed.store(round + 1, std::memory_order_release);
      rounds_freed.notify_one();
    }
  });
  std::set<void*> seen;
  for (int round = 0; round < kRounds; ++round) {
    sent[round] = Allocate(kManyBlocks, kBytes);
    seen.merge(Addresses(sent[round]));
    rounds_sent.store(round + 1, std::memory_order_release);
    rounds_sent.notify_one();
    rounds_freed.wait(round, std::memory_order_acquire);
  }
  receiver.join();
  // Each thread keeps two magazines at most, and one more may be half used.
  if (kPooled) EXPECT_LE(seen.size(), kManyBlocks + 5 * kSmallMagazine);
}

// The next thread uses what the one before has returned.
TEST(BlockPoolTest, EndingThreadReturnsItsBlocks) {
  constexpr size_t kBytes = 464;
  std::set<void*> seen;
  for (int i = 0; i < 50; ++i) {
    std::thread([&seen, i] {
      const Blocks blocks = Allocate(1 + i * 7, kBytes);
      seen.merge(Addresses(blocks));
      Free(blocks, kBytes);
    }).join();
  }
  if (kPooled) EXPECT_LE(seen.size(), 4 * kSmallMagazine);
}

// What many threads had left over fills magazines again.
TEST(BlockPoolTest, EndingThreadReturnsTheRestOfAMagazine) {
  constexpr size_t kBytes = 480;
  std::set<void*> seen;
  for (int i = 0; i < 150; ++i) {
    Blocks blocks;
    std::thread([&blocks] { blocks = Allocate(10, kBytes); }).join();
    seen.merge(Addresses(blocks));
    Free(blocks, kBytes);
  }
  // The rest, less than a magazine, and this thread's two.
  if (kPooled) EXPECT_LE(seen.size(), 4 * kSmallMagazine);
}

TEST(BlockPoolTest, BlocksOutliveTheThreadThatAllocatedThem) {
  std::vector<StampedBlock> blocks;
  std::thread([&blocks] {
    for (int i = 0; i < kManyBlocks; ++i) blocks.emplace_back(96, static_cast<uint8_t>(i % 251));
  }).join();
  std::vector<StampedBlock> others;
  for (int i = 0; i < kManyBlocks; ++i) others.emplace_back(96, uint8_t{255});
  for (const StampedBlock& block : blocks) ASSERT_TRUE(block.IsIntact());
}

struct UsesPoolAtThreadExit {
  ~UsesPoolAtThreadExit() {
    FreeBlock(block, 496);
    FreeBlock(AllocateBlock(496), 496);
  }
  void* block = nullptr;
};

// A thread_local that is made before the thread first uses the pool is destroyed after the thread's
// magazines are returned.
TEST(BlockPoolTest, ThreadLocalsMayUseThePoolUntilTheLastOneIsDestroyed) {
  std::set<void*> seen;
  for (int i = 0; i < 1000; ++i) {
    std::thread([&seen] {
      thread_local UsesPoolAtThreadExit last;
      last.block = AllocateBlock(496);
      seen.insert(last.block);
    }).join();
  }
  if (kPooled) EXPECT_LE(seen.size(), 2 * kSmallMagazine) << "a thread's last blocks are lost";
}

using StampedBlocks = std::vector<StampedBlock>;

// One place where threads leave blocks for each other.
class Place {
 public:
  // Leaves blocks and takes those that were there.
  StampedBlocks Exchange(StampedBlocks blocks) {
    MutexLock lock(mutex_);
    blocks_.swap(blocks);
    return blocks;
  }

 private:
  Mutex mutex_;
  StampedBlocks blocks_ ABSL_GUARDED_BY(mutex_);
};

// Few sizes, whose magazines hold 128 blocks, and now and then any size.
StampedBlocks NewBlocks(size_t count, std::minstd_rand& random) {
  StampedBlocks blocks;
  for (size_t i = 0; i < count; ++i) {
    const size_t bytes = random() % 16 == 0 ? 1 + random() % 600 : 500 + random() % 26;
    blocks.emplace_back(bytes, static_cast<uint8_t>(random()));
  }
  return blocks;
}

TEST(BlockPoolStressTest, NoBlockIsHandedOutTwiceAtATime) {
  constexpr int kThreads = 3;
  constexpr int kGenerations = 10;  // of threads: each ends with what is in its magazines
  const int64_t rounds = Rounds(1'000'000) / (kThreads * kGenerations) + 1;
  std::vector<Place> places(4);
  std::atomic<bool> intact{true};
  auto body = [&](unsigned seed) {
    std::minstd_rand random(seed);
    for (int64_t i = 0; i < rounds; ++i) {
      // Most times more blocks than a thread's magazines hold: they come from and go to the depot.
      StampedBlocks blocks = NewBlocks(random() % 200, random);
      blocks = places[random() % places.size()].Exchange(std::move(blocks));
      for (const StampedBlock& block : blocks) {
        if (!block.IsIntact()) intact.store(false, std::memory_order_relaxed);
      }
    }
  };
  for (int generation = 0; generation < kGenerations; ++generation) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(body, generation * kThreads + i + 1);
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_TRUE(intact.load());
}

}  // namespace
}  // namespace hydra::process_internal
