#include "hydra/process/internal/wire_writer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hydra/base/spare_buffer.h"

namespace hydra {
namespace {

void AppendVarint(uint64_t number, std::string& out) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<char>(number | 0x80));
  out.push_back(static_cast<char>(number));
}

}  // namespace

void WireWriter::Varint(uint64_t number) { AppendVarint(number, out_); }

void WireWriter::Fixed(uint64_t bits, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) Byte(static_cast<uint8_t>(bits >> (8 * i)));
}

void WireWriter::MakeRoom(size_t more) {
  if (out_.capacity() - out_.size() >= more) return;
  std::string roomy = TakeBuffer(out_.size() + more);
  roomy.append(out_);
  out_ = std::move(roomy);
}

void WireWriter::InsertLength(size_t begin) {
  std::string length;
  AppendVarint(out_.size() - begin, length);
  out_.insert(begin, length);
}

void WireWriter::CheckDepth() const {
  if (depth_ >= kMaxWireDepth)
    throw std::length_error("the values of a message lie too deep in each other");
}

void WireWriter::SortEntries(size_t begin, const std::vector<Entry>& entries) {
  struct Slices {
    std::string_view key;
    std::string_view entry;
  };
  std::vector<Slices> sorted;
  sorted.reserve(entries.size());
  const std::string_view written = out_;
  size_t entry_begin = begin;
  for (const Entry& entry : entries) {
    sorted.push_back({.key = written.substr(entry_begin, entry.key_end - entry_begin),
                      .entry = written.substr(entry_begin, entry.end - entry_begin)});
    entry_begin = entry.end;
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Slices& a, const Slices& b) { return a.key < b.key; });
  std::string tail;
  tail.reserve(written.size() - begin);
  for (const Slices& slices : sorted) tail.append(slices.entry);
  out_.replace(begin, std::string::npos, tail);
}

}  // namespace hydra
