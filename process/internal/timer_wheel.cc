#include "hydra/process/internal/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace hydra::process_internal {

TimerWheel::TimerWheel() {
  for (Level& level : levels_) {
    for (TimerNode& slot : level.slots) slot.previous = slot.next = &slot;
  }
}

void TimerWheel::Add(TimerNode& node) {
  const Tick due = std::min(std::max(node.due, now_), kHorizon - 1);
  const int level = (63 - std::countl_zero((now_ ^ due) | (kSlots - 1))) / kBits;
  const int slot = static_cast<int>(due >> (level * kBits)) & (kSlots - 1);
  TimerNode& head = levels_[level].slots[slot];
  node.previous = head.previous;
  node.next = &head;
  head.previous->next = &node;
  head.previous = &node;
  levels_[level].occupied |= uint64_t{1} << slot;
}

void TimerWheel::Remove(TimerNode& node) {
  TimerNode* neighbour = node.next;
  node.previous->next = node.next;
  node.next->previous = node.previous;
  node.previous = node.next = nullptr;
  if (neighbour->next != neighbour) return;
  // The list is empty, so the neighbour is its head, whose place gives the slot.
  for (Level& level : levels_) {
    if (neighbour < level.slots.data() || neighbour >= level.slots.data() + kSlots) continue;
    level.occupied &= ~(uint64_t{1} << (neighbour - level.slots.data()));
  }
}

TimerNode* TimerWheel::NextExpired(Tick tick) {
  for (;;) {
    const Place place = Next();
    if (place.begins > tick) {
      now_ = std::max(now_, tick);
      return nullptr;
    }
    now_ = std::max(now_, place.begins);
    TimerNode* first = levels_[place.level].slots[place.slot].next;
    if (place.level == 0 && first->due <= now_) {
      Remove(*first);
      return first;
    }
    AddAgain(place);
  }
}

// Adds the timers of a slot that has been reached again, so that they come to lie lower: all at
// once, since the lowest level is taken for the earliest.
void TimerWheel::AddAgain(const Place& place) {
  TimerNode& slot = levels_[place.level].slots[place.slot];
  levels_[place.level].occupied &= ~(uint64_t{1} << place.slot);
  TimerNode* node = slot.next;
  slot.previous->next = nullptr;
  slot.previous = slot.next = &slot;
  while (node != nullptr) {
    TimerNode* next = node->next;
    Add(*node);
    node = next;
  }
}

Tick TimerWheel::NextDue() const { return Next().begins; }

TimerWheel::Place TimerWheel::Next() const {
  for (int level = 0; level < kLevels; ++level) {
    if (levels_[level].occupied == 0) continue;
    // Every occupied slot lies ahead in the round that the wheel is in, so the lowest comes first.
    const int slot = std::countr_zero(levels_[level].occupied);
    const Tick round = now_ >> ((level + 1) * kBits) << ((level + 1) * kBits);
    return {.level = level,
            .slot = slot,
            .begins = round + (Tick{static_cast<unsigned>(slot)} << (level * kBits))};
  }
  return {};
}

}  // namespace hydra::process_internal
