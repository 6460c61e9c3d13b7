#include "hydra/process/enclosed.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hydra/process/internal/current.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/internal/wire_codec.h"
#include "hydra/process/pid.h"
#include "hydra/process/wire.h"

namespace hydra {

// Pids in the bytes have places in the list of homes. So the list goes along, in the numbers of the message that this
// lies in, and the bytes stay as they are.
void Enclosed::Encode(WireWriter& writer) const {
  writer.Write(message.type);
  writer.Write(message.bytes);
  writer.Varint(message.homes.size());
  for (const uint32_t home : message.homes) writer.Home(home);
}

std::optional<Enclosed> Enclosed::Decode(WireReader& reader) {
  std::optional<std::string> type = reader.Read<std::string>();
  std::optional<std::string> bytes = reader.Read<std::string>();
  const std::optional<size_t> count = reader.Count("the homes");
  if (!type || !bytes || !count) return std::nullopt;
  Enclosed enclosed{{.type = *std::move(type), .bytes = *std::move(bytes)}};
  for (size_t i = 0; i < *count; ++i) {
    const std::optional<uint32_t> home = reader.Home();
    if (!home) return std::nullopt;
    enclosed.message.homes.push_back(*home);
  }
  return enclosed;
}

void SendEnclosed(const Pid& to, Enclosed enclosed) {
  using process_internal::EncodedMessage;
  process_internal::SendSignal(to, process_internal::NewSignal<EncodedMessage>(
                                       &process_internal::kEncodedMessage,
                                       EncodedMessage{std::move(enclosed.message), Ref()}));
}

}  // namespace hydra
