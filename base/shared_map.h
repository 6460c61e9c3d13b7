// SharedMap: a hash table that many threads read without a lock while one at a time changes it.
//
//   struct Node { const size_t hash; const std::string key; const int value; };
//   SharedMap<Node> map;
//
//   {
//     const ReadSection section;                                 // whoever reads
//     if (const Node* node = map.Find(hash, key)) Use(node->value);
//   }
//
//   Limbo::Batch unread;                                         // whoever changes it
//   const MutexLock lock(mutex_);
//   map.Insert(new Node{hash, key, 1}, limbo_);
//   unread = limbo_.TakeUnread();
//
// Open addressing with linear probing: an array of slots, each with a hash and a pointer to a node. Protocol
//   1. A node goes into the first slot of its probe sequence that is empty or erased: store its hash
//      (relaxed), then its address (release). It never changes its slot.
//   2. A node that is taken out leaves its slot erased; empty, if the next slot is empty, since no probe
//      sequence goes on then.
//   3. When half of the slots are in use, all nodes go into a new array, in which their number is a quarter
//      of the slots, or less; the old one is retired as it is.
//   4. A reader takes the array (acquire) and goes through the probe sequence: the address (acquire), then the
//      hash. It ends at an empty slot.
//
// Invariant: a key that is there from the beginning to the end of a Find is found. Its node stays in one slot
// of each array; the slots before it in the probe sequence are never empty while it is there; and an array that
// has been replaced says what was so when that happened. What Find returns was there at some time between its
// beginning and its end.
#ifndef HYDRA_BASE_SHARED_MAP_H_
#define HYDRA_BASE_SHARED_MAP_H_

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "hydra/base/read_section.h"

namespace hydra {

// A Node has a `hash` and a `key`, which don't change while it is in the map, and was made by `new`; the map
// owns it. Keys are unique. Cost: 32 to 64 bytes a node besides it.
template <typename Node>
class SharedMap {
 public:
  SharedMap() : slots_(Slots::Make(kFewest)) {}
  SharedMap(const SharedMap&) = delete;
  SharedMap& operator=(const SharedMap&) = delete;
  ~SharedMap() {
    Slots* const slots = slots_.load(std::memory_order_relaxed);
    for (Slot& slot : *slots) {
      if (Node* const node = slot.Get()) delete node;
    }
    delete slots;
  }

  // ---- For those who read, in a ReadSection, and for the one who changes it.

  // The node with this key, whose hash it is; null if there is none. Valid until the section ends.
  template <typename Key>
  Node* Find(size_t hash, const Key& key) const {
    const Slots& slots = *slots_.load(std::memory_order_acquire);
    for (size_t i = hash & slots.mask;; i = (i + 1) & slots.mask) {
      Node* const node = slots[i].node.load(std::memory_order_acquire);
      if (node == nullptr) return nullptr;
      if (slots[i].hash.load(std::memory_order_relaxed) == hash && node != Erased() &&
          node->key == key)
        return node;
    }
  }

  // Calls `visit(Node&)` for each node, in no order: for those that are there all the while exactly once. For
  // one that is replaced meanwhile, with the old or the new one.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (Slot& slot : *slots_.load(std::memory_order_acquire)) {
      if (Node* const node = slot.Get()) visit(*node);
    }
  }

  // How many nodes there are; a moment's truth for those who read.
  size_t size() const { return size_.load(std::memory_order_relaxed); }

  // ---- For the one who changes it. What is taken out goes to `limbo`.

  // Adds a node, whose key isn't there. Takes it.
  void Insert(Node* node, Limbo& limbo) {
    Slots* slots = Current();
    if ((used_ + 1) * 2 > slots->mask + 1) slots = Rehash(limbo);
    if (Place(*slots, node)) ++used_;
    SetSize(size() + 1);
  }

  // Puts `node`, which has the same key, in the place of `old`. Takes it.
  void Replace(Node* old, Node* node, Limbo& limbo) {
    SlotOf(old).node.store(node, std::memory_order_release);
    limbo.Add(old);
  }

  void Erase(Node* node, Limbo& limbo) {
    Slots& slots = *Current();
    size_t i = static_cast<size_t>(&SlotOf(node) - slots.begin());
    slots[i].node.store(Erased(), std::memory_order_release);
    if (slots[(i + 1) & slots.mask].node.load(std::memory_order_relaxed) == nullptr) {
      for (; slots[i].node.load(std::memory_order_relaxed) == Erased();
           i = (i - 1) & slots.mask, --used_)
        slots[i].node.store(nullptr, std::memory_order_release);
    }
    limbo.Add(node);
    SetSize(size() - 1);
  }

  void Clear(Limbo& limbo) {
    Slots* const old = Current();
    used_ = 0;
    SetSize(0);
    slots_.store(Slots::Make(kFewest), std::memory_order_release);
    for (Slot& slot : *old) {
      if (Node* const node = slot.Get()) limbo.Add(node);
    }
    limbo.Add(old);
  }

 private:
  static constexpr size_t kFewest = 8;

  struct Slot {
    // Written by the one who changes the map, read by all.
    std::atomic<size_t> hash{0};
    std::atomic<Node*> node{nullptr};

    // The node in it, or null.
    Node* Get() const {
      Node* const found = node.load(std::memory_order_acquire);
      return found == Erased() ? nullptr : found;
    }
  };

  // The slots lie behind it, none of them in two cache lines.
  struct alignas(64) Slots {
    static Slots* Make(size_t count) {
      void* const memory = ::operator new(sizeof(Slots) + count * sizeof(Slot), kAlignment);
      auto* slots = ::new (memory) Slots{count - 1};
      std::uninitialized_value_construct_n(slots->begin(), count);
      return slots;
    }
    static void operator delete(void* memory) { ::operator delete(memory, kAlignment); }

    Slot* begin() const { return reinterpret_cast<Slot*>(const_cast<Slots*>(this) + 1); }
    Slot* end() const { return begin() + mask + 1; }
    Slot& operator[](size_t i) const { return begin()[i]; }

    static constexpr std::align_val_t kAlignment{64};

    const size_t mask;
  };
  static_assert(sizeof(Slot) == 16);

  // What a slot holds whose node was taken out.
  static Node* Erased() { return reinterpret_cast<Node*>(uintptr_t{1}); }

  Slots* Current() const { return slots_.load(std::memory_order_relaxed); }
  void SetSize(size_t size) { size_.store(size, std::memory_order_relaxed); }

  Slot& SlotOf(const Node* node) const {
    Slots& slots = *Current();
    size_t i = node->hash & slots.mask;
    while (slots[i].node.load(std::memory_order_relaxed) != node) i = (i + 1) & slots.mask;
    return slots[i];
  }

  // Returns whether the slot was empty.
  static bool Place(Slots& slots, Node* node) {
    size_t i = node->hash & slots.mask;
    while (slots[i].Get() != nullptr) i = (i + 1) & slots.mask;
    const bool was_empty = slots[i].node.load(std::memory_order_relaxed) == nullptr;
    slots[i].hash.store(node->hash, std::memory_order_relaxed);
    slots[i].node.store(node, std::memory_order_release);
    return was_empty;
  }

  // With room for one more.
  Slots* Rehash(Limbo& limbo) {
    Slots* const old = Current();
    Slots* const slots = Slots::Make(std::max(kFewest, std::bit_ceil(size() * 4)));
    for (const Slot& slot : *old) {
      if (Node* const node = slot.Get()) Place(*slots, node);
    }
    used_ = size();
    slots_.store(slots, std::memory_order_release);
    limbo.Add(old);
    return slots;
  }

  // Written by the one who changes the map. Readers take the first, so it isn't beside what changes more often.
  alignas(64) std::atomic<Slots*> slots_;
  alignas(64) std::atomic<size_t> size_{0};
  size_t used_ = 0;  // slots that aren't empty
};

}  // namespace hydra

#endif  // HYDRA_BASE_SHARED_MAP_H_
