#include "hydra/process/internal/wire_composites.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "hydra/process/internal/wire_reader.h"
#include "hydra/process/internal/wire_writer.h"

namespace hydra::process_internal {

// The code; then, unless that is OK, the message and the payloads.
void WireType<absl::Status>::Write(const absl::Status& status, WireWriter& writer) {
  writer.Byte(static_cast<uint8_t>(status.code()));
  if (status.ok()) return;
  std::map<std::string, std::string> payloads;
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    payloads.emplace(std::string(url), std::string(payload));
  });
  writer.Write(std::string(status.message()));
  writer.Write(payloads);
}

std::optional<absl::Status> WireType<absl::Status>::Read(WireReader& reader) {
  const std::optional<uint8_t> code =
      reader.Byte(static_cast<uint8_t>(absl::StatusCode::kUnauthenticated), "code of a status");
  if (!code) return std::nullopt;
  if (*code == 0) return absl::OkStatus();
  const auto message = reader.Read<std::string>();
  const auto payloads = reader.Read<std::map<std::string, std::string>>();
  if (!payloads) return std::nullopt;
  absl::Status status(static_cast<absl::StatusCode>(*code), *message);
  for (const auto& [url, payload] : *payloads)
    status.SetPayload(url, absl::Cord(absl::string_view(payload)));
  return status;
}

}  // namespace hydra::process_internal
