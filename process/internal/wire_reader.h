// WireReader: what a message is read with. Users include wire.h.
#ifndef HYDRA_PROCESS_INTERNAL_WIRE_READER_H_
#define HYDRA_PROCESS_INTERNAL_WIRE_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "hydra/process/internal/wire_homes.h"
#include "hydra/process/internal/wire_writer.h"

namespace hydra {

// Takes values from bytes, which may be anything. After the first error, which is the one that is
// told, each read yields nothing.
//
// Thread safety: one thread at a time.
class WireReader {
 public:
  // Both must outlive this.
  WireReader(std::string_view bytes, WireHomes& homes)
      : bytes_(bytes), end_(bytes.size()), homes_(homes) {}
  WireReader(const WireReader&) = delete;
  WireReader& operator=(const WireReader&) = delete;

  // Takes a value; nothing if there are no such bytes.
  template <typename T>
  std::optional<T> Read();  // wire.h

  // Takes all that is left, which may be nothing: the other end of `WireWriter::Append`. Valid as
  // long as the bytes are.
  std::string_view Rest() { return Take(remaining()); }

  // Refuses the message: `return reader.Fail("an amount is never negative");`
  std::nullopt_t Fail(std::string_view what) { return FailAt(position_, what); }

  bool ok() const { return !failed_; }
  size_t remaining() const { return end_ - position_; }
  // Why the message, of the type `type`, is refused: what and where.
  absl::Status status(std::string_view type) const;

  // For the built-in types. Each is nothing, and fails, if the bytes are no such thing. `what` is
  // what is being read.

  std::optional<uint8_t> Byte(uint8_t max, std::string_view what);
  std::optional<uint64_t> Varint(uint64_t max, std::string_view what);
  std::optional<int64_t> SignedVarint(int64_t min, int64_t max, std::string_view what);
  std::optional<uint64_t> Fixed(size_t bytes, std::string_view what);
  // How many values follow. Each takes at least a byte, so it isn't more than are left.
  std::optional<size_t> Count(std::string_view what);
  std::optional<uint32_t> Home();

  // What `read` reads from the bytes of a delimited value, which must be all of them.
  template <typename F>
  auto Delimited(std::string_view what, F read) -> decltype(read()) {
    const std::optional<size_t> size = Count(what);
    if (!size) return std::nullopt;
    const size_t outer_end = std::exchange(end_, position_ + *size);
    auto result = read();
    ExpectEnd();
    if (!ok()) return std::nullopt;
    end_ = outer_end;
    return result;
  }

  // What `read` reads, one deeper.
  template <typename F>
  auto Nested(F read) -> decltype(read()) {
    if (depth_ >= kMaxWireDepth) return Fail("its values lie too deep in each other");
    ++depth_;
    auto result = read();
    --depth_;
    return result;
  }

  // Fails if anything is left.
  void ExpectEnd();

  size_t position() const { return position_; }
  std::string_view Slice(size_t begin) const { return bytes_.substr(begin, position_ - begin); }
  std::nullopt_t FailAt(size_t position, std::string_view what);

 private:
  std::string_view Take(size_t bytes);

  const std::string_view bytes_;
  size_t position_ = 0;
  size_t end_;  // of the innermost delimited value
  WireHomes& homes_;
  int depth_ = 0;
  bool failed_ = false;
  size_t error_position_ = 0;
  std::string error_;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_INTERNAL_WIRE_READER_H_
