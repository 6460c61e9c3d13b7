#include "hydra/process/internal/limited_inbox.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "hydra/base/mutex.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/overflow.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

void LimitedInbox::Open(uint64_t serial, const MailboxLimit& limit) {
  MutexLock lock(mutex_);
  serial_ = serial;
  limit_ = limit;
  held_ = false;
  overflown_ = false;
  woken_ = false;
  waiting_ = 0;
  dropped_ = 0;
}

// ---- Senders.

LimitedInbox::Pushed LimitedInbox::Push(uint64_t serial, Signal* signal,
                                        const SignalSource& source) {
  Pushed pushed;
  MutexLock lock(mutex_);
  if (serial_ != serial) {
    pushed.closed = true;
    return pushed;
  }
  const SignalKind kind = signal->type->kind;
  const bool counts = (kind == SignalKind::kMessage || kind == SignalKind::kEncoded) &&
                      source.kind != SignalSource::Kind::kDoesNotCount;
  if (counts && waiting_ >= limit_.messages) {
    PushToFull(signal, source, pushed);
  } else {
    Append(signal, counts);
  }
  if (first_ != nullptr) pushed.wake = !std::exchange(woken_, true);
  return pushed;
}

void LimitedInbox::PushToFull(Signal* signal, const SignalSource& source, Pushed& pushed) {
  switch (limit_.on_overflow) {
    case Overflow::kDropNewest:
      return Drop(signal, pushed);
    case Overflow::kDropOldest:
      Append(signal, /*counts=*/true);
      // What is in the mailbox is older, but only the owner can drop it.
      if (queued_ > limit_.messages) Drop(TakeOldestCounted(), pushed);
      return;
    case Overflow::kExitReceiver:
      if (!std::exchange(overflown_, true))
        Append(NewSignal<OverflowSignal>(&kOverflow, limit_.messages), /*counts=*/false);
      return Drop(signal, pushed);
    case Overflow::kHoldSender:
      if (source.kind == SignalSource::Kind::kForeign) return Drop(signal, pushed);
      Append(signal, /*counts=*/true);
      if (source.kind == SignalSource::Kind::kNeverHeld || held_) return;
      senders_.push_back(source.process);
      pushed.hold = true;
  }
}

void LimitedInbox::Append(Signal* signal, bool counts) {
  signal->serial = serial_ | kLimited;
  signal->next = nullptr;
  if (counts) {
    signal->serial |= kCounts;
    ++queued_;
    ++waiting_;
  }
  *end_ = signal;
  end_ = &signal->next;
}

void LimitedInbox::Drop(Signal* signal, Pushed& pushed) {
  pushed.dropped = signal;
  pushed.dropped_count = ++dropped_;
}

// There are at least two that count, so it isn't the last of the queue.
Signal* LimitedInbox::TakeOldestCounted() {
  while (((*search_)->serial & kCounts) == 0) search_ = &(*search_)->next;
  Signal* oldest = *search_;
  *search_ = oldest->next;
  --queued_;
  --waiting_;
  return oldest;
}

// ---- The owner.

Signal* LimitedInbox::Take() {
  MutexLock lock(mutex_);
  woken_ = false;
  return TakeAll();
}

Signal* LimitedInbox::TakeAll() {
  queued_ = 0;
  end_ = search_ = &first_;
  return std::exchange(first_, nullptr);
}

std::vector<Pid> LimitedInbox::Received() {
  MutexLock lock(mutex_);
  --waiting_;
  if (waiting_ > limit_.messages / 2) return {};
  return std::exchange(senders_, {});
}

bool LimitedInbox::HasExcess() const {
  MutexLock lock(mutex_);
  return limit_.on_overflow == Overflow::kDropOldest && waiting_ - queued_ > limit_.messages;
}

uint64_t LimitedInbox::Dropped() {
  MutexLock lock(mutex_);
  --waiting_;
  return ++dropped_;
}

std::vector<Pid> LimitedInbox::SetHeld(bool held) {
  MutexLock lock(mutex_);
  held_ = held;
  return std::exchange(senders_, {});
}

Signal* LimitedInbox::Close(std::vector<Pid>& released) {
  MutexLock lock(mutex_);
  serial_ = 0;
  released = std::exchange(senders_, {});
  return TakeAll();
}

size_t LimitedInbox::limit() const {
  MutexLock lock(mutex_);
  return limit_.messages;
}

uint64_t LimitedInbox::dropped() const {
  MutexLock lock(mutex_);
  return dropped_;
}

// ---- LimitedInboxes.

LimitedInboxes::LimitedInboxes(size_t max_processes)
    : chunk_count_((max_processes + kPerChunk - 1) / kPerChunk + 1),
      chunks_(std::make_unique<std::atomic<Chunk*>[]>(chunk_count_)) {}

LimitedInboxes::~LimitedInboxes() {
  for (size_t i = 0; i < chunk_count_; ++i) {
    Chunk* chunk = chunks_[i].load(std::memory_order_relaxed);
    if (chunk == nullptr) continue;
    for (const std::atomic<LimitedInbox*>& inbox : *chunk)
      delete inbox.load(std::memory_order_relaxed);
    delete chunk;
  }
}

LimitedInbox& LimitedInboxes::Make(uint32_t slot) {
  std::atomic<Chunk*>& chunk = chunks_[slot / kPerChunk];
  if (chunk.load(std::memory_order_acquire) == nullptr) {
    MutexLock lock(mutex_);
    if (chunk.load(std::memory_order_relaxed) == nullptr)
      chunk.store(new Chunk(), std::memory_order_release);
  }
  std::atomic<LimitedInbox*>& inbox = (*chunk.load(std::memory_order_relaxed))[slot % kPerChunk];
  if (inbox.load(std::memory_order_relaxed) == nullptr)
    inbox.store(new LimitedInbox(), std::memory_order_release);
  return *inbox.load(std::memory_order_relaxed);
}

}  // namespace hydra::process_internal
