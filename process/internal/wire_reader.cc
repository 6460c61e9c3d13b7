#include "hydra/process/internal/wire_reader.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace hydra {
namespace {

// absl's own string_view where it has one.
absl::string_view Text(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::nullopt_t WireReader::FailAt(size_t position, std::string_view what) {
  if (!failed_) {
    failed_ = true;
    error_position_ = position;
    error_ = what;
    position_ = end_;  // so that nothing is left to be read
  }
  return std::nullopt;
}

absl::Status WireReader::status(std::string_view type) const {
  if (ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("no ", Text(type), ": byte ", error_position_, ": ", error_));
}

std::string_view WireReader::Take(size_t bytes) {
  const std::string_view taken = bytes_.substr(position_, bytes);
  position_ += bytes;
  return taken;
}

std::optional<uint8_t> WireReader::Byte(uint8_t max, std::string_view what) {
  if (remaining() == 0) return Fail(absl::StrCat("the bytes end before ", Text(what)));
  const auto byte = static_cast<uint8_t>(bytes_[position_]);
  if (byte > max) return Fail(absl::StrCat(byte, " is no ", Text(what)));
  ++position_;
  return byte;
}

std::optional<uint64_t> WireReader::Fixed(size_t bytes, std::string_view what) {
  if (remaining() < bytes) return Fail(absl::StrCat("the bytes end within ", Text(what)));
  uint64_t bits = 0;
  for (size_t i = 0; i < bytes; ++i)
    bits |= uint64_t{static_cast<uint8_t>(bytes_[position_ + i])} << (8 * i);
  position_ += bytes;
  return bits;
}

std::optional<uint64_t> WireReader::Varint(uint64_t max, std::string_view what) {
  constexpr size_t kMaxBytes = 10;
  uint64_t number = 0;
  for (size_t i = 0; i < kMaxBytes; ++i) {
    if (i == remaining()) return Fail(absl::StrCat("the bytes end within ", Text(what)));
    const auto byte = static_cast<uint8_t>(bytes_[position_ + i]);
    if (i + 1 == kMaxBytes && byte > 1) break;
    number |= uint64_t{byte & 0x7fu} << (7 * i);
    if (byte >= 0x80) continue;
    if (byte == 0 && i > 0)
      return Fail(absl::StrCat(Text(what), " is written in more bytes than it needs"));
    if (number > max) return Fail(absl::StrCat(number, " is out of the range of ", Text(what)));
    position_ += i + 1;
    return number;
  }
  return Fail(absl::StrCat(Text(what), " has more than 64 bits"));
}

std::optional<int64_t> WireReader::SignedVarint(int64_t min, int64_t max, std::string_view what) {
  const size_t begin = position_;
  const std::optional<uint64_t> zigzag = Varint(~uint64_t{0}, what);
  if (!zigzag) return std::nullopt;
  const auto number = static_cast<int64_t>(*zigzag >> 1 ^ (~(*zigzag & 1) + 1));
  if (number < min || number > max)
    return FailAt(begin, absl::StrCat(number, " is out of the range of ", Text(what)));
  return number;
}

std::optional<size_t> WireReader::Count(std::string_view what) {
  const size_t begin = position_;
  const std::optional<uint64_t> count = Varint(~uint64_t{0}, what);
  if (!count) return std::nullopt;
  if (*count > remaining()) {
    return FailAt(begin,
                  absl::StrCat(Text(what), " is ", *count, ", but ", remaining(), " bytes follow"));
  }
  return static_cast<size_t>(*count);
}

std::optional<uint32_t> WireReader::Home() {
  const size_t begin = position_;
  const std::optional<uint64_t> number = Varint(~uint32_t{0}, "the home of a pid");
  if (!number) return std::nullopt;
  const std::optional<uint32_t> home = homes_.FromWire(static_cast<uint32_t>(*number));
  if (!home) return FailAt(begin, absl::StrCat(*number, " is no home of a pid"));
  return home;
}

void WireReader::ExpectEnd() {
  if (remaining() > 0)
    Fail(absl::StrCat(remaining(), remaining() == 1 ? " byte is" : " bytes are", " left over"));
}

}  // namespace hydra
