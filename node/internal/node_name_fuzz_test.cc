// Names of nodes, from any bytes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "hydra/base/check.h"
#include "hydra/node/internal/node_name.h"

namespace hydra::node_internal {
namespace {

void CheckName(std::string_view text) {
  const absl::StatusOr<NodeName> name = ParseNodeName(text);
  if (!name.ok()) {
    for (const char c : name.status().message()) HYDRA_CHECK(c >= ' ' && c <= '~');
    return;
  }
  HYDRA_CHECK_EQ(name->ToString(), std::string(text));
  HYDRA_CHECK(CheckShortName(name->name).ok());
  HYDRA_CHECK(text.size() <= kMaxNodeName);
  // A name is printed as it is.
  for (const char c : text) HYDRA_CHECK(static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
}

// What is advertised can be dialled: it makes a name.
void CheckAdvertised(std::string_view text) {
  const size_t end = text.find('\n');
  const std::string_view listen = text.substr(0, end);
  const std::string_view advertise =
      end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  const absl::StatusOr<std::string> address = AdvertisedAddress(listen, 4370, advertise);
  if (!address.ok() || address->size() > kMaxNodeName - 2) return;
  HYDRA_CHECK(ParseNodeName("x@" + *address).ok()) << *address;
}

}  // namespace
}  // namespace hydra::node_internal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  hydra::node_internal::CheckName(text);
  hydra::node_internal::CheckAdvertised(text);
  return 0;
}
