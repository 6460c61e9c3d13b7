// Identities: `Pid` names a process, `Ref` names a monitor, a timer, a request: anything a process
// may ask about.
//
//   hydra::Pid worker = hydra::Spawn(Work);
//   hydra::Send(worker, Job{.reply_to = hydra::Self()});
//
// Both are plain values: copy, compare, hash and send them freely. A pid says nothing about whether
// its process is alive, and it is never given to another process: the slot that a process lived in
// is used again, its serial isn't.
#ifndef HYDRA_PROCESS_PID_H_
#define HYDRA_PROCESS_PID_H_

#include <compare>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <type_traits>
#include <utility>

namespace hydra {

// Names one process. A default-constructed pid names none: what is sent to it is dropped.
//
// 16 bytes, trivially copyable. Thread safety: a value.
class Pid {
 public:
  constexpr Pid() = default;

  // Made by the runtime only. `serial` counts the processes that lived in `slot`; `home` is the
  // runtime they live in.
  constexpr Pid(uint64_t serial, uint32_t slot, uint32_t home)
      : serial_(serial), slot_(slot), home_(home) {}

  constexpr uint64_t serial() const { return serial_; }
  constexpr uint32_t slot() const { return slot_; }
  constexpr uint32_t home() const { return home_; }

  // Whether this pid names a process at all, dead or alive.
  constexpr explicit operator bool() const { return serial_ != 0; }

  // "<home.slot.serial>", for logs.
  std::string ToString() const;

  friend constexpr bool operator==(const Pid&, const Pid&) = default;
  friend constexpr auto operator<=>(const Pid&, const Pid&) = default;

  template <typename H>
  friend H AbslHashValue(H hash, const Pid& pid) {
    return H::combine(std::move(hash), pid.serial_, pid.slot_, pid.home_);
  }

 private:
  uint64_t serial_ = 0;
  uint32_t slot_ = 0;
  uint32_t home_ = 0;
};

static_assert(sizeof(Pid) == 16 && std::is_trivially_copyable_v<Pid>);

std::ostream& operator<<(std::ostream& out, const Pid& pid);

// Names one occurrence (a timer, a monitor, a request) of the process that made it; no two are
// equal.
//
// A ref also remembers how far its maker's mailbox had come when it was made, so that
// `Receive<M>().For(ref)` needn't look at messages that arrived before and can't mention it. 24
// bytes, trivially copyable. Thread safety: a value.
class Ref {
 public:
  constexpr Ref() = default;

  // Made by `MakeRef` and the operations that return one.
  constexpr Ref(Pid creator, uint64_t id) : creator_(creator), id_(id) {}

  // The process that made it.
  constexpr Pid creator() const { return creator_; }
  constexpr uint64_t id() const { return id_; }

  constexpr explicit operator bool() const { return static_cast<bool>(creator_); }

  // "#Ref<home.slot.serial.id>", for logs.
  std::string ToString() const;

  friend constexpr bool operator==(const Ref&, const Ref&) = default;
  friend constexpr auto operator<=>(const Ref&, const Ref&) = default;

  template <typename H>
  friend H AbslHashValue(H hash, const Ref& ref) {
    return H::combine(std::move(hash), ref.creator_, ref.id_);
  }

 private:
  Pid creator_;
  uint64_t id_ = 0;
};

std::ostream& operator<<(std::ostream& out, const Ref& ref);

}  // namespace hydra

template <>
struct std::hash<hydra::Pid> {
  size_t operator()(const hydra::Pid& pid) const noexcept {
    return (pid.serial() * 0x9E3779B97F4A7C15u) ^ (uint64_t{pid.slot()} << 32 | pid.home());
  }
};

template <>
struct std::hash<hydra::Ref> {
  size_t operator()(const hydra::Ref& ref) const noexcept {
    return std::hash<hydra::Pid>()(ref.creator()) ^ (ref.id() * 0xC2B2AE3D27D4EB4Fu);
  }
};

#endif  // HYDRA_PROCESS_PID_H_
