// Enclosed: a message that lies in another one, for what passes messages on whose types it doesn't know.
//
//   Send(relay, Published{topic, Enclose(OrderPlaced{7})});        // on the one node
//   SendEnclosed(subscriber, published.message);                   // by the relay, on the other
//   co_await Receive<OrderPlaced>();                               // by the subscriber
//
// Only the last of the three has to know OrderPlaced, as one that comes straight from another node. One that can't be
// read is dropped there, and logged; one that nothing in the program receives is an `Encoded`.
#ifndef HYDRA_PROCESS_ENCLOSED_H_
#define HYDRA_PROCESS_ENCLOSED_H_

#include <optional>
#include <string_view>

#include "hydra/process/internal/wire_codec.h"
#include "hydra/process/pid.h"
#include "hydra/process/wire.h"

namespace hydra {

// Can be a field of a message between nodes. Thread safety: a value.
struct Enclosed {
  static constexpr std::string_view kWireName = "hydra.Enclosed";

  Encoded message;

  void Encode(WireWriter& writer) const;
  static std::optional<Enclosed> Decode(WireReader& reader);
};

// Throws as `EncodeTo` does (wire.h).
template <typename M>
Enclosed Enclose(const M& message) {
  return {process_internal::EncodeForNode(message)};
}

// Sends a process of this runtime what lies in `enclosed`. To be called in a runtime.
void SendEnclosed(const Pid& to, Enclosed enclosed);

}  // namespace hydra

#endif  // HYDRA_PROCESS_ENCLOSED_H_
