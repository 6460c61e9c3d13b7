// What a suspended process waits for: a message, a time, or merely its next turn.
//
// A Wait lives in the frame that suspended, as part of an awaitable such as Receive's. While the
// process is suspended the worker that holds it asks the Wait which of the arriving messages it
// takes.
#ifndef HYDRA_PROCESS_INTERNAL_WAIT_H_
#define HYDRA_PROCESS_INTERNAL_WAIT_H_

#include <cstdint>
#include <limits>
#include <memory>

#include "hydra/process/internal/block_pool.h"
#include "hydra/process/internal/signal.h"

namespace hydra::process_internal {

// A time as the scheduler counts it: milliseconds since the runtime started.
using Tick = uint64_t;

inline constexpr Tick kForever = std::numeric_limits<Tick>::max();
inline constexpr Tick kNextTurn = kForever - 1;  // the deadline of a Yield

enum class Match : uint8_t {
  kNo,
  kYes,
  kThrew,  // the user's predicate threw: the wait is over, the message stays
};

struct Wait {
  // Whether any message can end this wait.
  bool TakesMessages() const { return type != nullptr || match != nullptr; }

  // Whether this wait takes `message`.
  Match Accepts(Signal& message) {
    if (match == nullptr) return message.type == type ? Match::kYes : Match::kNo;
    return match(*this, message);
  }

  bool FoundAnswer() const { return found != nullptr && found->type->kind == SignalKind::kAnswer; }

  // Destroys what has been found and not been consumed.
  void DestroyFound() noexcept {
    if (found == nullptr) return;
    found->type->destroy_value(found);
    if (!found_is_pinned) FreeSignal(found);
    found = nullptr;
  }

  // The same for who knows that it is an S. Cheaper.
  template <typename S>
  void DestroyFoundAs() noexcept {
    std::destroy_at(static_cast<S*>(found));
    if (!found_is_pinned) FreeBlock(found, sizeof(S));
    found = nullptr;
  }

  // Destroys what has been found when it goes: the inbox keeps a pinned node until the process suspends
  // next, and the wait may live longer.
  class Finish {
   public:
    explicit Finish(Wait& wait) : wait_(wait) {}
    Finish(const Finish&) = delete;
    Finish& operator=(const Finish&) = delete;
    ~Finish() { wait_.DestroyFound(); }

   private:
    Wait& wait_;
  };

  // The message that ended the wait; null if time did. `TakeFound` of the owner's awaitable
  // consumes it.
  Signal* found = nullptr;
  // The only type accepted, where `match` is null.
  const SignalType* type = nullptr;
  Match (*match)(Wait&, Signal&) = nullptr;
  // When the wait ends without a message; 0 is "don't wait at all".
  Tick deadline = kForever;
  // The id of the request whose answer ends the wait; 0 if it is none. A wait that takes messages, too,
  // ends by whichever has arrived first.
  uint64_t request = 0;
  // Messages that were set aside before this position are not looked at.
  uint64_t mark = 0;
  // The inbox still holds on to `found`: take the value, leave the node.
  bool found_is_pinned = false;
  // All messages that were there have been looked at; only those that arrive are left.
  bool has_looked = false;
  // Another thread uses the frames until this wait is over: it is a BlockingWait, and an exit that comes
  // is put off.
  bool holds_frames = false;
  // The process is held by a receiver whose mailbox is full: see limited_inbox.h.
  bool is_held = false;
};

// The `match` of a wait that takes every message, whatever it is.
Match TakeAnything(Wait& wait, Signal& message);

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_WAIT_H_
