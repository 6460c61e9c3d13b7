#include "hydra/process/internal/timers.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "hydra/base/mutex.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/timer_wheel.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

Timers::Timers(size_t wheels) {
  for (size_t i = 0; i < wheels; ++i) wheels_.push_back(std::make_unique<Wheel>());
}

void Timers::Clear() {
  for (const std::unique_ptr<Wheel>& wheel : wheels_) {
    std::vector<Signal*> messages;
    {
      MutexLock lock(wheel->mutex);
      for (UserTimer& timer : wheel->user_timers) {
        if (!timer.armed()) continue;
        wheel->wheel.Remove(timer);
        messages.push_back(timer.message);
        Retire(*wheel, timer);
      }
    }
    for (Signal* message : messages) DestroySignal(message);
  }
}

void Timers::Arm(WaitTimer& timer, Tick due) {
  Wheel& wheel = WheelOf(timer.process);
  MutexLock lock(wheel.mutex);
  if (timer.armed()) wheel.wheel.Remove(timer);
  timer.due = due;
  wheel.wheel.Add(timer);
  PublishNextDue(wheel);
}

void Timers::Disarm(WaitTimer& timer) {
  Wheel& wheel = WheelOf(timer.process);
  MutexLock lock(wheel.mutex);
  if (timer.armed()) wheel.wheel.Remove(timer);
}

TimerPlace Timers::Start(Pid process, Signal* message, Tick due, Tick interval) {
  Wheel& wheel = WheelOf(process);
  MutexLock lock(wheel.mutex);
  if (wheel.first_free == kNoTimer) {
    UserTimer& added = wheel.user_timers.emplace_back();
    added.place.index = static_cast<uint32_t>(wheel.user_timers.size() - 1);
    added.next_free = kNoTimer;
    wheel.first_free = added.place.index;
  }
  UserTimer& timer = wheel.user_timers[wheel.first_free];
  wheel.first_free = timer.next_free;
  timer.process = process;
  timer.message = message;
  timer.due = due;
  timer.interval = interval;
  wheel.wheel.Add(timer);
  PublishNextDue(wheel);
  return timer.place;
}

std::optional<Tick> Timers::Cancel(Pid process, TimerPlace place) {
  Signal* message = nullptr;
  Tick due = 0;
  {
    Wheel& wheel = WheelOf(process);
    MutexLock lock(wheel.mutex);
    UserTimer* timer = Find(wheel, place);
    if (timer == nullptr) return std::nullopt;
    wheel.wheel.Remove(*timer);
    message = timer->message;
    due = timer->due;
    Retire(wheel, *timer);
  }
  DestroySignal(message);  // Without the lock: its destructor may do anything.
  return due;
}

std::optional<Tick> Timers::Read(Pid process, TimerPlace place) const {
  Wheel& wheel = WheelOf(process);
  MutexLock lock(wheel.mutex);
  const UserTimer* timer = Find(wheel, place);
  if (timer == nullptr) return std::nullopt;
  return timer->due;
}

void Timers::TakeFired(Wheel& wheel, Tick now, std::vector<FiredTimer>& fired) {
  MutexLock lock(wheel.mutex);
  while (fired.size() < kFireBatch) {
    TimerNode* node = wheel.wheel.NextExpired(now);
    if (node == nullptr) break;
    if (node->kind == TimerNode::Kind::kWait) {
      fired.push_back({.process = static_cast<WaitTimer*>(node)->process, .signal = nullptr, .due = node->due});
      continue;
    }
    UserTimer& timer = *static_cast<UserTimer*>(node);
    if (timer.interval == 0) {
      fired.push_back({.process = timer.process, .signal = timer.message, .due = timer.due});
      Retire(wheel, timer);
    } else {
      fired.push_back(
          {.process = timer.process, .signal = timer.message->type->clone(timer.message), .due = timer.due});
      timer.due += timer.interval;  // From when it was due, not from now: no drift.
      wheel.wheel.Add(timer);
    }
  }
  PublishNextDue(wheel);
}

Tick Timers::NextDue() const {
  Tick earliest = kForever;
  for (size_t i = 0; i < wheels_.size(); ++i) earliest = std::min(earliest, NextDue(i));
  return earliest;
}

size_t Timers::pending() const {
  size_t count = 0;
  for (const std::unique_ptr<Wheel>& wheel : wheels_) {
    MutexLock lock(wheel->mutex);
    count += std::ranges::count_if(wheel->user_timers, [](const UserTimer& timer) { return timer.armed(); });
  }
  return count;
}

void Timers::PublishNextDue(Wheel& wheel) {
  const Tick due = wheel.wheel.NextDue();
  if (due != wheel.next_due.load(std::memory_order_relaxed)) wheel.next_due.store(due, std::memory_order_seq_cst);
}

Timers::UserTimer* Timers::Find(Wheel& wheel, TimerPlace place) {
  if (place.index >= wheel.user_timers.size()) return nullptr;
  UserTimer& timer = wheel.user_timers[place.index];
  return timer.place.generation == place.generation && timer.armed() ? &timer : nullptr;
}

void Timers::Retire(Wheel& wheel, UserTimer& timer) {
  timer.message = nullptr;
  ++timer.place.generation;
  timer.next_free = wheel.first_free;
  wheel.first_free = timer.place.index;
}

}  // namespace hydra::process_internal
