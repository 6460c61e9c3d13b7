// WireWriter: what a message is written with. Users include wire.h.
#ifndef HYDRA_PROCESS_INTERNAL_WIRE_WRITER_H_
#define HYDRA_PROCESS_INTERNAL_WIRE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hydra/base/spare_buffer.h"
#include "hydra/process/internal/wire_homes.h"

namespace hydra {

// How deep the values of a message may lie in each other; what is deeper is neither written nor
// read. Only those of types with a kWireName count: no other type can contain itself.
inline constexpr int kMaxWireDepth = 100;

// Appends values to a string. Thread safety: one thread at a time.
class WireWriter {
 public:
  // Both must outlive this.
  WireWriter(std::string& out, WireHomes& homes) : out_(out), homes_(homes) {}
  WireWriter(const WireWriter&) = delete;
  WireWriter& operator=(const WireWriter&) = delete;

  // Appends a value of any type that can be a field.
  template <typename T>
  void Write(const T& value);  // wire.h

  // Appends bytes as they are, without their length: for an `Encode` that has a format of its own,
  // or as the last that it writes.
  void Append(std::string_view bytes) {
    if (bytes.size() >= kLargeBuffer) [[unlikely]]
      MakeRoom(bytes.size());
    out_.append(bytes);
  }

  // For the built-in types.

  void Byte(uint8_t byte) { out_.push_back(static_cast<char>(byte)); }
  // Seven bits a byte, the lowest first; each byte but the last has its highest bit set.
  void Varint(uint64_t number);
  // Zigzag, so that small numbers of either sign are short: 0, -1, 1, -2 … as 0, 1, 2, 3 …
  void SignedVarint(int64_t number) {
    Varint(static_cast<uint64_t>(number) << 1 ^ static_cast<uint64_t>(number >> 63));
  }
  // The lowest byte first.
  void Fixed(uint64_t bits, size_t bytes);
  void Home(uint32_t home) { Varint(homes_.ToWire(home)); }

  // What `write` writes, after its length.
  template <typename F>
  void Delimited(F write) {
    const size_t begin = out_.size();
    write();
    InsertLength(begin);
  }

  // What `write` writes, one deeper. Throws std::length_error if that is too deep.
  template <typename F>
  void Nested(F write) {
    CheckDepth();
    ++depth_;
    write();
    --depth_;
  }

  // An entry of a map: where its key and its value end; it begins where the one before ends.
  struct Entry {
    size_t key_end;
    size_t end;
  };
  size_t position() const { return out_.size(); }
  // Sorts the entries that were written since `begin` by the bytes of their keys.
  void SortEntries(size_t begin, const std::vector<Entry>& entries);

 private:
  void MakeRoom(size_t more);
  void InsertLength(size_t begin);
  void CheckDepth() const;

  std::string& out_;
  WireHomes& homes_;
  int depth_ = 0;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_INTERNAL_WIRE_WRITER_H_
