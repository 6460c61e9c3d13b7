#include "hydra/node/internal/node_name.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "hydra/base/status_macros.h"

namespace hydra::node_internal {
namespace {

constexpr std::string_view kUnix = "unix:";

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

// The text may be a stranger's, and goes into logs.
absl::Status Wrong(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", absl::CHexEscape(std::string(text)), "' ", std::string(why)));
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Where the port begins, behind the last colon that isn't within brackets; npos if there is none.
size_t PortOf(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return colon;
  const size_t bracket = address.rfind(']');
  if (bracket != std::string_view::npos && bracket > colon) return std::string_view::npos;
  return colon + 1;
}

bool IsPort(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port <= 65535;
}

absl::Status CheckAddress(std::string_view address) {
  if (address.starts_with(kUnix)) {
    const std::string_view path = address.substr(kUnix.size());
    return path.starts_with('/') && std::none_of(path.begin(), path.end(), IsControl)
               ? absl::OkStatus()
               : Wrong(address, "is no address: a unix socket is unix:/path");
  }
  const size_t port = PortOf(address);
  if (port == std::string_view::npos || port < 2 || !IsPort(address.substr(port)))
    return Wrong(address, "is no address: host:port, [IPv6]:port or unix:/path");
  const std::string_view host = address.substr(0, port - 1);
  const bool is_bracketed = host.front() == '[' && host.back() == ']' && host.size() > 2;
  const bool has_colon = host.find(':') != std::string_view::npos;
  if (has_colon != is_bracketed) return Wrong(address, "is no address: IPv6 is [address]:port");
  const std::string_view inner = is_bracketed ? host.substr(1, host.size() - 2) : host;
  const bool is_fine = std::all_of(inner.begin(), inner.end(), [is_bracketed](char c) {
    return IsNameByte(c) || (is_bracketed && (c == ':' || c == '%'));
  });
  return is_fine ? absl::OkStatus() : Wrong(address, "is no address: no such host can be");
}

}  // namespace

absl::Status CheckShortName(std::string_view name) {
  if (name.empty()) return absl::InvalidArgumentError("a node needs a name");
  if (!std::all_of(name.begin(), name.end(), IsNameByte))
    return Wrong(name, "is no name of a node: letters, digits, _ - and . only");
  return absl::OkStatus();
}

absl::StatusOr<NodeName> ParseNodeName(std::string_view text) {
  if (text.size() > kMaxNodeName)
    return Wrong(text.substr(0, 32), "... is no name of a node: it is too long");
  const size_t at = text.find('@');
  if (at == std::string_view::npos) return Wrong(text, "is no name of a node: name@host:port");
  HYDRA_RETURN_IF_ERROR(CheckShortName(text.substr(0, at)));
  HYDRA_RETURN_IF_ERROR(CheckAddress(text.substr(at + 1)));
  return NodeName{.name = std::string(text.substr(0, at)),
                  .address = std::string(text.substr(at + 1))};
}

absl::StatusOr<std::string> AdvertisedAddress(std::string_view listen, int port,
                                              std::string_view advertise) {
  std::string address;
  if (listen.starts_with(kUnix) && advertise.empty()) {
    address = std::string(listen);
  } else {
    const std::string_view from = advertise.empty() ? listen : advertise;
    const size_t own_port = PortOf(from);
    if (advertise.empty() && own_port == std::string_view::npos)
      return Wrong(listen, "is no address to listen at: host:port, [IPv6]:port or unix:/path");
    const bool has_port = own_port != std::string_view::npos && from.substr(own_port) != "0";
    const std::string_view host =
        own_port == std::string_view::npos ? from : from.substr(0, own_port - 1);
    address = has_port ? std::string(from) : absl::StrCat(std::string(host), ":", port);
  }
  HYDRA_RETURN_IF_ERROR(CheckAddress(address));
  return address;
}

}  // namespace hydra::node_internal
