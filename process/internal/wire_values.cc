#include "hydra/process/internal/wire_values.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include "absl/time/time.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/homes.h"
#include "hydra/process/internal/wire_reader.h"
#include "hydra/process/internal/wire_writer.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

void WireType<std::monostate>::Write(const std::monostate&, WireWriter& writer) { writer.Byte(0); }

std::optional<std::monostate> WireType<std::monostate>::Read(WireReader& reader) {
  if (!reader.Byte(0, Name())) return std::nullopt;
  return std::monostate();
}

// The serial; then, unless that is 0, which is no pid, the slot and the number of the home.
void WireType<Pid>::Write(const Pid& pid, WireWriter& writer) {
  writer.Varint(pid.serial());
  if (!pid) return;
  writer.Varint(pid.slot());
  writer.Home(pid.home());
}

std::optional<Pid> WireType<Pid>::Read(WireReader& reader) {
  const size_t begin = reader.position();
  const std::optional<uint64_t> serial = reader.Read<uint64_t>();
  if (!serial) return std::nullopt;
  if (*serial == 0) return Pid();
  const std::optional<uint32_t> slot = reader.Read<uint32_t>();
  if (!slot) return std::nullopt;
  const std::optional<uint32_t> home = reader.Home();
  if (!home) return std::nullopt;
  const Pid pid(*serial, *slot, *home);
  if (!IsPossible(pid)) return reader.FailAt(begin, "there can be no such pid");
  return pid;
}

void WireType<Ref>::Write(const Ref& ref, WireWriter& writer) {
  writer.Write(ref.creator());
  writer.Varint(ref.id());
}

std::optional<Ref> WireType<Ref>::Read(WireReader& reader) {
  const std::optional<Pid> creator = reader.Read<Pid>();
  const std::optional<uint64_t> id = reader.Read<uint64_t>();
  if (!id) return std::nullopt;
  return Ref(*creator, *id);
}

std::optional<ExitReason> WireType<ExitReason>::Read(WireReader& reader) {
  const size_t begin = reader.position();
  std::optional<ExitReason> reason = ExitReason::Decode(reader.Rest());
  if (!reason) return reader.FailAt(begin, "the bytes are no exit_reason");
  return reason;
}

namespace {

// A tick is a duration's resolution, a quarter of a nanosecond.
constexpr int64_t kTicksPerSecond = 4'000'000'000;

// What a duration is written as: whole seconds, and ticks of the same sign, less than a second of
// them. A whole second of ticks, alone, is infinity.
struct SecondsAndTicks {
  int64_t seconds;
  int64_t ticks;

  friend bool operator==(const SecondsAndTicks&, const SecondsAndTicks&) = default;
};

SecondsAndTicks Split(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return {0, kTicksPerSecond};
  if (duration == -absl::InfiniteDuration()) return {0, -kTicksPerSecond};
  absl::Duration rest;
  const int64_t seconds = absl::IDivDuration(duration, absl::Seconds(1), &rest);
  return {seconds, absl::IDivDuration(rest * 4, absl::Nanoseconds(1), &rest)};
}

absl::Duration Join(const SecondsAndTicks& split) {
  if (split == SecondsAndTicks{0, kTicksPerSecond}) return absl::InfiniteDuration();
  if (split == SecondsAndTicks{0, -kTicksPerSecond}) return -absl::InfiniteDuration();
  return absl::Seconds(split.seconds) + absl::Nanoseconds(split.ticks) / 4;
}

}  // namespace

void WireType<absl::Duration>::Write(const absl::Duration& duration, WireWriter& writer) {
  const SecondsAndTicks split = Split(duration);
  writer.SignedVarint(split.seconds);
  writer.SignedVarint(split.ticks);
}

std::optional<absl::Duration> WireType<absl::Duration>::Read(WireReader& reader) {
  const size_t begin = reader.position();
  const std::optional<int64_t> seconds = reader.Read<int64_t>();
  const std::optional<int64_t> ticks =
      reader.SignedVarint(-kTicksPerSecond, kTicksPerSecond, "the ticks of a duration");
  if (!ticks) return std::nullopt;
  const SecondsAndTicks split = {*seconds, *ticks};
  const absl::Duration duration = Join(split);
  if (Split(duration) != split) return reader.FailAt(begin, "the bytes are no duration");
  return duration;
}

// How long after 1970 began.
void WireType<absl::Time>::Write(const absl::Time& time, WireWriter& writer) {
  writer.Write(time - absl::UnixEpoch());
}

std::optional<absl::Time> WireType<absl::Time>::Read(WireReader& reader) {
  const std::optional<absl::Duration> since = reader.Read<absl::Duration>();
  if (!since) return std::nullopt;
  return absl::UnixEpoch() + *since;
}

}  // namespace hydra::process_internal
