// Messages that can cross nodes: which types can, and as which bytes.
//
//   struct Join {
//     static constexpr std::string_view kWireName = "chat.Join";     // this line is all
//     std::string room;
//     std::vector<hydra::Pid> users;
//   };
//
//   hydra::Encoded encoded = hydra::Encode(Join{"lobby", {pid}});          // on the one node
//   absl::StatusOr<Join> join = hydra::Decode<Join>(encoded);              // on the other
//
// A type can cross nodes because of what it is, wherever it is used:
//   built in       bool, char, integers, float, double, std::string, std::monostate, Pid, Ref,
//                  ExitReason, absl::Status, Duration and Time; optional, vector, array, pair,
//                  tuple, variant, StatusOr and maps of such types
//   a struct       with a kWireName: its fields, in order. Up to 16, each of a type that can cross
//                  nodes, or an enum; no base classes, references, C arrays, bit-fields
//   self-encoding  a class with a kWireName and
//                    void Encode(hydra::WireWriter& writer) const;
//                    static std::optional<T> Decode(hydra::WireReader& reader);
//   a protobuf     anything with SerializeToString, ParseFromArray and GetTypeName
// All others are for messages within a runtime.
//
// The name is part of the message: no type is ever read as another. Name, fields and their types
// stay as they are once nodes that know them may be about. A new field is a new message,
// "chat.Join2", or the message is a protobuf from the beginning. In one program a name has one
// type; two are a fatal error before main.
#ifndef HYDRA_PROCESS_WIRE_H_
#define HYDRA_PROCESS_WIRE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "hydra/process/internal/wire_homes.h"
#include "hydra/process/internal/wire_reader.h"
#include "hydra/process/internal/wire_ready.h"
#include "hydra/process/internal/wire_type.h"
#include "hydra/process/internal/wire_writer.h"

namespace hydra {

// Whether a T can be a message between nodes. A request that can must have a `Reply` that can:
// asking doesn't compile otherwise.
template <typename T>
concept WireReady = process_internal::IsWireReady<T>();

// What a T is called on the wire, the same on every node: its kWireName, its protobuf's full name,
// or, if it is built in, a name such as "int64" and "map<string,vector<pid>>". Valid for ever.
//
// Integers are called by their width, so `long` and `long long` are one type where they are alike;
// so are all maps.
template <typename T>
std::string_view WireName() {
  if constexpr (process_internal::AssertWireReady<T>()) {
    static const std::string& name = *new std::string(process_internal::MakeWireName<T>());
    return name;
  }
}

// Appends the bytes of `message`, without its name.
//
// The same value is always the same bytes, on every platform; a protobuf's are what protobuf makes
// them. Throws if there are none: values lie deeper than `kMaxWireDepth` in each other, a variant
// has lost its value, a protobuf can't be serialized.
template <typename T>
void EncodeTo(const T& message, WireWriter& writer) {
  if constexpr (process_internal::AssertWireReady<T>())
    process_internal::WireType<T>::Write(message, writer);
}

// Takes a message from all the bytes that `reader` has left.
//
// The bytes may be anything. kInvalidArgument if they aren't exactly what `EncodeTo` makes of a T;
// the status says what is wrong with which byte. Uses memory in proportion to the bytes. An
// absl::Status is the value; `ok()` says whether there is one.
template <typename T>
absl::StatusOr<T> DecodeFrom(WireReader& reader) {
  if constexpr (process_internal::AssertWireReady<T>()) {
    std::optional<T> message = process_internal::WireType<T>::Read(reader);
    reader.ExpectEnd();
    if (!reader.ok()) return process_internal::Failed<T>(reader.status(WireName<T>()));
    return *std::move(message);
  }
}

// A message as it travels.
struct Encoded {
  std::string type;  // its WireName
  std::string bytes;
  // What stands for homes in the bytes, if those are places in this list.
  std::vector<uint32_t> homes = {};

  friend bool operator==(const Encoded&, const Encoded&) = default;
};

// `homes` says what pids in it are to whoever gets it; by default they are for this OS process.
template <typename T>
Encoded Encode(const T& message, WireHomes& homes) {
  Encoded encoded{.type = std::string(WireName<T>()), .bytes = {}};
  WireWriter writer(encoded.bytes, homes);
  EncodeTo(message, writer);
  return encoded;
}
template <typename T>
Encoded Encode(const T& message) {
  SameHomes homes;
  return Encode(message, homes);
}

// As `DecodeFrom`; kInvalidArgument also if the message is of another type.
template <typename T>
absl::StatusOr<T> Decode(const Encoded& encoded, WireHomes& homes) {
  WireReader reader(encoded.bytes, homes);
  if (encoded.type == WireName<T>()) return DecodeFrom<T>(reader);
  reader.Fail("it is of the type " + encoded.type);
  return process_internal::Failed<T>(reader.status(WireName<T>()));
}
template <typename T>
absl::StatusOr<T> Decode(const Encoded& encoded) {
  SameHomes homes;
  return Decode<T>(encoded, homes);
}

}  // namespace hydra

#endif  // HYDRA_PROCESS_WIRE_H_
