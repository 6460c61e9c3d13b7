#include "hydra/process/internal/homes.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "hydra/base/check.h"
#include "hydra/base/mutex.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {
namespace {

// No serial of a process has more bits: see kLimited and kCounts.
constexpr uint64_t kSerials = uint64_t{1} << 62;

struct Home {
  NodeId node;
  // Of a runtime here, whose table writes it as it grows (release); null for a node elsewhere.
  std::atomic<uint32_t>* slots;
};

class Homes {
 public:
  uint32_t Add(Home home) {
    MutexLock lock(mutex_);
    return AddLocked(std::move(home));
  }

  void Name(uint32_t number, const NodeId& node) {
    MutexLock lock(mutex_);
    Put(number, {.node = node, .slots = (*this)[number].slots});
    numbers_[node.name][node.creation] = number;
  }

  uint32_t NumberOf(const NodeId& node) {
    MutexLock lock(mutex_);
    uint32_t number = FindLocked(node);
    if (number != 0 || next_ == kMaxHomes) return number;
    number = AddLocked({.node = node, .slots = nullptr});
    numbers_[node.name][node.creation] = number;
    return number;
  }

  uint32_t Find(const NodeId& node) {
    MutexLock lock(mutex_);
    return FindLocked(node);
  }

  std::vector<uint32_t> Named(std::string_view name) {
    MutexLock lock(mutex_);
    std::vector<uint32_t> named;
    const auto found = numbers_.find(absl::string_view(name.data(), name.size()));
    if (found == numbers_.end()) return named;
    for (const auto& [creation, number] : found->second) named.push_back(number);
    return named;
  }

  // Nobody's, where there is none.
  const Home& operator[](uint32_t number) const {
    static const Home& nobodys = *new Home{.node = {}, .slots = nullptr};
    const Chunk* chunk =
        number < kMaxHomes ? chunks_[number / kPerChunk].load(std::memory_order_acquire) : nullptr;
    if (chunk == nullptr) return nobodys;
    const Home* home = (*chunk)[number % kPerChunk].load(std::memory_order_acquire);
    return home == nullptr ? nobodys : *home;
  }

 private:
  static constexpr size_t kPerChunk = 1024;
  static constexpr size_t kChunks = kMaxHomes / kPerChunk;
  using Chunk = std::array<std::atomic<const Home*>, kPerChunk>;

  uint32_t FindLocked(const NodeId& node) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto lives = numbers_.find(node.name);
    if (lives == numbers_.end()) return 0;
    const auto found = lives->second.find(node.creation);
    return found == lives->second.end() ? 0 : found->second;
  }

  uint32_t AddLocked(Home home) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    HYDRA_CHECK(next_ < kMaxHomes) << "more runtimes than one OS process can have";
    Put(next_, std::move(home));
    return next_++;
  }

  // What was there before may be read for ever, and isn't destroyed.
  void Put(uint32_t number, Home home) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::atomic<Chunk*>& chunk = chunks_[number / kPerChunk];
    if (chunk.load(std::memory_order_relaxed) == nullptr)
      chunk.store(new Chunk{}, std::memory_order_release);
    homes_.push_back(std::move(home));
    (*chunk.load(std::memory_order_relaxed))[number % kPerChunk].store(&homes_.back(),
                                                                       std::memory_order_release);
  }

  Mutex mutex_;
  uint32_t next_ ABSL_GUARDED_BY(mutex_) = 1;  // 0 is none's
  std::deque<Home> homes_ ABSL_GUARDED_BY(mutex_);
  // By name and creation.
  absl::flat_hash_map<std::string, absl::flat_hash_map<uint64_t, uint32_t>> numbers_
      ABSL_GUARDED_BY(mutex_);
  // Chunks and homes are written under the lock, when they are complete (release), and read by anybody (acquire).
  std::array<std::atomic<Chunk*>, kChunks> chunks_ = {};
};

Homes& AllHomes() {
  static Homes& homes = *new Homes;
  return homes;
}

}  // namespace

uint32_t NewHome() { return AllHomes().Add({.node = {}, .slots = new std::atomic<uint32_t>(0)}); }

std::atomic<uint32_t>& SlotsOf(uint32_t home) { return *AllHomes()[home].slots; }

void NameHome(uint32_t home, const NodeId& node) { AllHomes().Name(home, node); }

uint32_t HomeOf(const NodeId& node) { return AllHomes().NumberOf(node); }

uint32_t FindHome(const NodeId& node) { return AllHomes().Find(node); }

const NodeId& NodeOf(uint32_t home) { return AllHomes()[home].node; }

bool IsPossible(const Pid& pid) {
  if (pid.serial() >= kSerials) return false;
  const std::atomic<uint32_t>* slots = AllHomes()[pid.home()].slots;
  return slots == nullptr || pid.slot() < slots->load(std::memory_order_acquire);
}

std::vector<uint32_t> HomesNamed(std::string_view name) { return AllHomes().Named(name); }

}  // namespace hydra::process_internal
