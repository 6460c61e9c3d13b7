// How the values of messages and answers cross nodes: what a SignalType knows of it.
#ifndef HYDRA_PROCESS_INTERNAL_WIRE_CODEC_H_
#define HYDRA_PROCESS_INTERNAL_WIRE_CODEC_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "hydra/base/spare_buffer.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/pid.h"
#include "hydra/process/wire.h"

namespace hydra::process_internal {

class Scheduler;
struct Signal;
struct SignalType;

// What a message's value is written as.
struct EncodedMessage {
  void Refuse(Scheduler& scheduler, const Pid& to, const Refusal& refusal);

  Encoded value;
  Ref asker;  // whom it is to be answered to, if it is a request
};

struct WireCodec {
  // Writes the value. A request is to be answered by whoever gets it, then. Throws as `EncodeTo` does.
  EncodedMessage (*encode)(Signal& signal);
  // Makes a message; null for what is none. kInvalidArgument where the bytes are none.
  absl::StatusOr<Signal*> (*decode)(EncodedMessage encoded);
};

// Homes as places in a list, which grows with what is written.
class HomeList final : public WireHomes {
 public:
  explicit HomeList(std::vector<uint32_t>& homes) : homes_(homes) {}

  uint32_t ToWire(uint32_t home) override {
    size_t place = 0;
    while (place < homes_.size() && homes_[place] != home) ++place;
    if (place == homes_.size()) homes_.push_back(home);
    return static_cast<uint32_t>(place);
  }
  std::optional<uint32_t> FromWire(uint32_t place) override {
    if (place >= homes_.size()) return std::nullopt;
    return homes_[place];
  }

 private:
  std::vector<uint32_t>& homes_;
};

template <typename T>
Encoded EncodeForNode(const T& value) {
  std::vector<uint32_t> homes;
  HomeList list(homes);
  Encoded encoded = Encode(value, list);
  encoded.homes = std::move(homes);
  return encoded;
}

// Takes the bytes.
template <typename T>
absl::StatusOr<T> DecodeFromNode(Encoded& encoded) {
  HomeList list(encoded.homes);
  absl::StatusOr<T> value = Decode<T>(encoded, list);
  KeepBuffer(std::move(encoded.bytes));
  return value;
}

// Notes that messages of the type are received in this program. `request`: they are requests, and
// `wire_name` is that of what is asked. Returns true.
bool RegisterReceived(std::string_view wire_name, bool request, const SignalType* type);

// The type that messages with that wire name are received as; null if nothing in this program receives
// them. Thread safety: any thread.
const SignalType* FindReceived(std::string_view wire_name, bool request);

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_WIRE_CODEC_H_
