// Built-in types on the wire: those that are made of others.
#ifndef HYDRA_PROCESS_INTERNAL_WIRE_COMPOSITES_H_
#define HYDRA_PROCESS_INTERNAL_WIRE_COMPOSITES_H_

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/process/internal/wire_reader.h"
#include "hydra/process/internal/wire_type.h"
#include "hydra/process/internal/wire_values.h"
#include "hydra/process/internal/wire_writer.h"

namespace hydra::process_internal {

template <typename T>
struct WireType<std::optional<T>> {
  using Parts = WireParts<T>;
  static constexpr std::string_view kTemplate = "optional";
  static void Write(const std::optional<T>& value, WireWriter& writer) {
    writer.Write(value.has_value());
    if (value.has_value()) writer.Write(*value);
  }
  static std::optional<std::optional<T>> Read(WireReader& reader) {
    const std::optional<bool> has_value = reader.Read<bool>();
    if (!has_value) return std::nullopt;
    if (!*has_value) return std::make_optional<std::optional<T>>();
    std::optional<T> value = reader.Read<T>();
    if (!value) return std::nullopt;
    return std::make_optional(std::move(value));
  }
};

// How many, then each.
template <typename T>
struct WireType<std::vector<T>> {
  using Parts = WireParts<T>;
  static constexpr std::string_view kTemplate = "vector";
  static void Write(const std::vector<T>& value, WireWriter& writer) {
    writer.Varint(value.size());
    for (const T& element : value) writer.Write(element);
  }
  static std::optional<std::vector<T>> Read(WireReader& reader) {
    const std::optional<size_t> count = reader.Count("the size of a vector");
    if (!count) return std::nullopt;
    std::vector<T> value;
    value.reserve(std::min(*count, reader.remaining() / sizeof(T)));  // whatever the bytes claim
    for (size_t i = 0; i < *count; ++i) {
      std::optional<T> element = reader.Read<T>();
      if (!element) return std::nullopt;
      value.push_back(*std::move(element));
    }
    return value;
  }
};

template <std::default_initializable T, size_t kCount>
struct WireType<std::array<T, kCount>> {
  using Parts = WireParts<T>;
  static constexpr std::string_view kTemplate = "array";
  static constexpr size_t kSize = kCount;
  static void Write(const std::array<T, kCount>& value, WireWriter& writer) {
    for (const T& element : value) writer.Write(element);
    if (kCount == 0) writer.Byte(0);
  }
  static std::optional<std::array<T, kCount>> Read(WireReader& reader) {
    std::array<T, kCount> value{};
    for (T& element : value) {
      std::optional<T> read = reader.Read<T>();
      if (!read) return std::nullopt;
      element = *std::move(read);
    }
    if (kCount == 0 && !reader.Byte(0, "empty value")) return std::nullopt;
    return value;
  }
};

template <typename A, typename B>
struct WireType<std::pair<A, B>> {
  using Parts = WireParts<A, B>;
  static constexpr std::string_view kTemplate = "pair";
  static void Write(const std::pair<A, B>& value, WireWriter& writer) {
    WriteParts(writer, value.first, value.second);
  }
  static std::optional<std::pair<A, B>> Read(WireReader& reader) {
    return ReadParts<std::pair<A, B>>(Parts(), reader);
  }
};

template <typename... T>
struct WireType<std::tuple<T...>> {
  using Parts = WireParts<T...>;
  static constexpr std::string_view kTemplate = "tuple";
  static void Write(const std::tuple<T...>& value, WireWriter& writer) {
    std::apply([&](const T&... element) { WriteParts(writer, element...); }, value);
  }
  static std::optional<std::tuple<T...>> Read(WireReader& reader) {
    return ReadParts<std::tuple<T...>>(Parts(), reader);
  }
};

// Which one, then it. One that has lost its value throws std::bad_variant_access.
template <typename... T>
struct WireType<std::variant<T...>> {
  using Variant = std::variant<T...>;

  using Parts = WireParts<T...>;
  static constexpr std::string_view kTemplate = "variant";
  static void Write(const Variant& value, WireWriter& writer) {
    std::visit(
        [&](const auto& alternative) {
          writer.Varint(value.index());
          writer.Write(alternative);
        },
        value);
  }
  static std::optional<Variant> Read(WireReader& reader) {
    const std::optional<uint64_t> index = reader.Varint(sizeof...(T) - 1, "the index of a variant");
    std::optional<Variant> value;
    if (index) {
      [&]<size_t... i>(std::index_sequence<i...>) {
        (void)((*index == i && ReadAlternative<i>(reader, value)) || ...);
      }(std::index_sequence_for<T...>());
    }
    return value;
  }

 private:
  template <size_t kIndex>
  static bool ReadAlternative(WireReader& reader, std::optional<Variant>& value) {
    auto alternative = reader.Read<std::variant_alternative_t<kIndex, Variant>>();
    if (alternative) value.emplace(std::in_place_index<kIndex>, *std::move(alternative));
    return true;
  }
};

template <>
struct WireType<absl::Status> {
  using Parts = WireParts<>;
  static constexpr std::string_view Name() { return "status"; }
  static void Write(const absl::Status& status, WireWriter& writer);
  static std::optional<absl::Status> Read(WireReader& reader);
};

// The status, then the value if it is OK.
template <typename T>
struct WireType<absl::StatusOr<T>> {
  using Parts = WireParts<T>;
  static constexpr std::string_view kTemplate = "status_or";
  static void Write(const absl::StatusOr<T>& value, WireWriter& writer) {
    writer.Write(value.status());
    if (value.ok()) writer.Write(*value);
  }
  static std::optional<absl::StatusOr<T>> Read(WireReader& reader) {
    std::optional<absl::Status> status = reader.Read<absl::Status>();
    if (!status) return std::nullopt;
    if (!status->ok()) return std::make_optional<absl::StatusOr<T>>(*std::move(status));
    std::optional<T> value = reader.Read<T>();
    if (!value) return std::nullopt;
    return std::make_optional<absl::StatusOr<T>>(*std::move(value));
  }
};

// std::map, std::unordered_map, absl::flat_hash_map and their like.
template <typename T>
concept WireMap = !HasWireNameConstant<T> &&
                  requires(T& map, typename T::key_type key, typename T::mapped_type value) {
                    {
                      map.try_emplace(std::move(key), std::move(value)).second
                    } -> std::convertible_to<bool>;
                    map.begin()->second;
                    map.size();
                  };

// How many entries, then the entries, in the order of the bytes of their keys: maps that are equal
// are written alike, whatever their own order.
template <WireMap T>
struct WireType<T> {
  using Key = typename T::key_type;
  using Value = typename T::mapped_type;

  using Parts = WireParts<Key, Value>;
  static constexpr std::string_view kTemplate = "map";
  static void Write(const T& map, WireWriter& writer) {
    writer.Varint(map.size());
    const size_t begin = writer.position();
    std::vector<WireWriter::Entry> entries;
    entries.reserve(map.size());
    for (const auto& [key, value] : map) {
      writer.Write<Key>(key);
      const size_t key_end = writer.position();
      writer.Write<Value>(value);
      entries.push_back({.key_end = key_end, .end = writer.position()});
    }
    writer.SortEntries(begin, entries);
  }
  static std::optional<T> Read(WireReader& reader) {
    const std::optional<size_t> count = reader.Count("the size of a map");
    if (!count) return std::nullopt;
    T map;
    std::string_view last_key;
    for (size_t i = 0; i < *count; ++i) {
      const size_t begin = reader.position();
      std::optional<Key> key = reader.Read<Key>();
      const std::string_view key_bytes = reader.Slice(begin);
      std::optional<Value> value = reader.Read<Value>();
      if (!key || !value) return std::nullopt;
      if (i > 0 && key_bytes <= last_key)
        return reader.FailAt(begin, "the keys of a map aren't in order");
      if (!map.try_emplace(*std::move(key), *std::move(value)).second)
        return reader.FailAt(begin, "a map has a key twice");
      last_key = key_bytes;
    }
    return map;
  }
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_WIRE_COMPOSITES_H_
