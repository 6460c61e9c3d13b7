// Keyed names from any bytes: what is read of one says the same when it is written again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/base/check.h"
#include "hydra/process/dest.h"
#include "hydra/process/internal/homes.h"
#include "hydra/process/internal/keyed_name.h"
#include "hydra/process/wire.h"

namespace hydra::process_internal {
namespace {

void Check(std::string_view name) {
  const std::string text = ProcessName(name).ToString();
  HYDRA_CHECK(!IsKeyedName(name) || text.find(" of ") != std::string::npos) << text;
  if (!IsKeyedName(name)) return;
  const absl::StatusOr<Encoded> key = KeyOfKeyedName(name);
  if (!key.ok()) {
    HYDRA_CHECK(key.status().code() == absl::StatusCode::kInvalidArgument) << key.status();
    return;
  }
  const std::string_view process = ProcessOfKeyedName(name);
  const std::string again = KeyedName(process, *key);
  HYDRA_CHECK(ProcessOfKeyedName(again) == process);
  HYDRA_CHECK(KeyOfKeyedName(again).value() == *key);
}

}  // namespace
}  // namespace hydra::process_internal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hydra::process_internal::HomeOf({.name = "a@127.0.0.1:1", .creation = 1});
  hydra::process_internal::Check(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
