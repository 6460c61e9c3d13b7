#include "hydra/process/internal/timers.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "hydra/base/mutex.h"
#include "hydra/process/dest.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/timer_wheel.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

Timers::Timers(size_t wheels) {
  for (size_t i = 0; i < wheels; ++i) wheels_.push_back(std::make_unique<Wheel>());
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
  PublishNextDue(wheel);
}

TimerPlace Timers::Start(Pid receiver, UserTimerList& list, Signal* message, Tick due,
                         Tick interval) {
  const Sending sending = MakeSending(message, interval);
  Wheel& wheel = WheelOf(receiver);
  MutexLock lock(wheel.mutex);
  UserTimer& timer = FreePlace(wheel);
  timer.receiver = receiver;
  LinkToReceiver(timer, list);
  return Begin(wheel, timer, sending, due, interval);
}

TimerPlace Timers::Start(Pid receiver, Signal* message, Tick due, Tick interval) {
  const Sending sending = MakeSending(message, interval);
  Wheel& wheel = WheelOf(receiver);
  MutexLock lock(wheel.mutex);
  UserTimer& timer = FreePlace(wheel);
  timer.receiver = receiver;
  return Begin(wheel, timer, sending, due, interval);
}

TimerPlace Timers::Start(const Dest& address, Signal* message, Tick due, Tick interval) {
  const Sending sending = MakeSending(message, interval);
  auto shared_address = std::make_shared<const Dest>(address);
  Wheel& wheel = WheelOf(Pid());
  MutexLock lock(wheel.mutex);
  UserTimer& timer = FreePlace(wheel);
  timer.receiver = Pid();
  timer.address = std::move(shared_address);
  return Begin(wheel, timer, sending, due, interval);
}

TimerPlace Timers::Begin(Wheel& wheel, UserTimer& timer, const Sending& sending, Tick due,
                         Tick interval) {
  timer.message = sending.once;
  timer.repeated = sending.repeated;
  timer.due = due;
  timer.interval = interval;
  wheel.wheel.Add(timer);
  PublishNextDue(wheel);
  return timer.place;
}

Timers::Sending Timers::MakeSending(Signal* message, Tick interval) {
  if (interval == 0) return {.once = message};
  return {.repeated = std::shared_ptr<const Signal>(message, &DestroySignal)};
}

UserTimer& Timers::FreePlace(Wheel& wheel) {
  if (UserTimer* timer = wheel.first_free; timer != nullptr) {
    wheel.first_free = timer->next_of_receiver;
    return *timer;
  }
  UserTimer& timer = wheel.user_timers.emplace_back();
  timer.place.index = static_cast<uint32_t>(wheel.user_timers.size() - 1);
  return timer;
}

void Timers::LinkToReceiver(UserTimer& timer, UserTimerList& list) {
  UserTimer* second = list.first.load(std::memory_order_relaxed);
  timer.list = &list;
  timer.previous_of_receiver = nullptr;
  timer.next_of_receiver = second;
  if (second != nullptr) second->previous_of_receiver = &timer;
  list.first.store(&timer, std::memory_order_seq_cst);
}

std::optional<Tick> Timers::Cancel(Pid receiver, TimerPlace place) {
  FiredTimer cancelled;
  {
    Wheel& wheel = WheelOf(receiver);
    MutexLock lock(wheel.mutex);
    UserTimer* timer = Find(wheel, receiver, place);
    if (timer == nullptr) return std::nullopt;
    wheel.wheel.Remove(*timer);
    cancelled = Retire(wheel, *timer);
    PublishNextDue(wheel);
  }
  // Without the lock: the message's destructor may do anything.
  if (cancelled.message != nullptr) DestroySignal(cancelled.message);
  return cancelled.due;
}

std::optional<Tick> Timers::Read(Pid receiver, TimerPlace place) const {
  Wheel& wheel = WheelOf(receiver);
  MutexLock lock(wheel.mutex);
  const UserTimer* timer = Find(wheel, receiver, place);
  if (timer == nullptr) return std::nullopt;
  return timer->due;
}

void Timers::CancelAll(Pid receiver, UserTimerList& list) {
  if (list.first.load(std::memory_order_seq_cst) == nullptr) return;
  std::vector<FiredTimer> cancelled;
  {
    Wheel& wheel = WheelOf(receiver);
    MutexLock lock(wheel.mutex);
    for (UserTimer* timer = list.first.load(std::memory_order_relaxed); timer != nullptr;) {
      UserTimer* next = timer->next_of_receiver;
      if (timer->receiver == receiver) {
        wheel.wheel.Remove(*timer);
        cancelled.push_back(Retire(wheel, *timer));
      }
      timer = next;
    }
    PublishNextDue(wheel);
  }
  DestroyMessages(cancelled);
}

void Timers::CancelAll() {
  for (const std::unique_ptr<Wheel>& wheel : wheels_) {
    std::vector<FiredTimer> cancelled;
    {
      MutexLock lock(wheel->mutex);
      for (UserTimer& timer : wheel->user_timers) {
        if (!timer.armed()) continue;
        wheel->wheel.Remove(timer);
        cancelled.push_back(Retire(*wheel, timer));
      }
      PublishNextDue(*wheel);
    }
    DestroyMessages(cancelled);
  }
}

// Without the lock: their destructors may do anything.
void Timers::DestroyMessages(const std::vector<FiredTimer>& cancelled) {
  for (const FiredTimer& timer : cancelled) {
    if (timer.message != nullptr) DestroySignal(timer.message);
  }
}

void Timers::TakeFired(Wheel& wheel, Tick now, std::vector<FiredTimer>& fired) {
  MutexLock lock(wheel.mutex);
  while (fired.size() < kFireBatch) {
    TimerNode* node = wheel.wheel.NextExpired(now);
    if (node == nullptr) break;
    if (node->kind == TimerNode::Kind::kWait) {
      fired.push_back({.process = static_cast<WaitTimer*>(node)->process, .due = node->due});
      continue;
    }
    UserTimer& timer = *static_cast<UserTimer*>(node);
    if (timer.interval == 0) {
      fired.push_back(Retire(wheel, timer));
    } else {
      fired.push_back({.process = timer.receiver,
                       .address = timer.address,
                       .due = timer.due,
                       .repeated = timer.repeated});
      // From when it was due, not from now: no drift.
      timer.due = timer.interval < kForever - timer.due ? timer.due + timer.interval : kForever;
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
    count += std::ranges::count_if(wheel->user_timers,
                                   [](const UserTimer& timer) { return timer.armed(); });
  }
  return count;
}

void Timers::PublishNextDue(Wheel& wheel) {
  const Tick due = wheel.wheel.NextDue();
  if (due != wheel.next_due.load(std::memory_order_relaxed))
    wheel.next_due.store(due, std::memory_order_seq_cst);
}

UserTimer* Timers::Find(Wheel& wheel, Pid receiver, TimerPlace place) {
  if (place.index >= wheel.user_timers.size()) return nullptr;
  UserTimer& timer = wheel.user_timers[place.index];
  const bool found =
      timer.place.generation == place.generation && timer.receiver == receiver && timer.armed();
  return found ? &timer : nullptr;
}

void Timers::UnlinkFromReceiver(UserTimer& timer) {
  UserTimer* previous = timer.previous_of_receiver;
  UserTimer* next = timer.next_of_receiver;
  if (next != nullptr) next->previous_of_receiver = previous;
  if (previous != nullptr) {
    previous->next_of_receiver = next;
  } else {
    timer.list->first.store(next, std::memory_order_relaxed);
  }
  timer.list = nullptr;
}

FiredTimer Timers::Retire(Wheel& wheel, UserTimer& timer) {
  FiredTimer retired = {.process = timer.receiver,
                        .address = std::exchange(timer.address, nullptr),
                        .due = timer.due,
                        .message = std::exchange(timer.message, nullptr),
                        .repeated = std::exchange(timer.repeated, nullptr)};
  if (timer.list != nullptr) UnlinkFromReceiver(timer);
  ++timer.place.generation;
  timer.next_of_receiver = std::exchange(wheel.first_free, &timer);
  return retired;
}

}  // namespace hydra::process_internal
