#include "hydra/node/internal/cookie.h"

#include <cstdlib>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/base/status_macros.h"
#include "hydra/node/internal/node_name.h"
#include "hydra/node/internal/secret_file.h"
#include "hydra/node/node_options.h"

namespace hydra::node_internal {
namespace {

// An editor ends a file with a line's end, which is no part of it.
std::string WithoutLineEnd(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

absl::Status CheckPeerCookies(const NodeOptions& options) {
  for (const auto& [node, cookie] : options.peer_cookies) {
    HYDRA_RETURN_IF_ERROR(ParseNodeName(node).status());
    if (cookie.empty())
      return absl::InvalidArgumentError("NodeOptions::peer_cookies has an empty one for " + node);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadCookie(const NodeOptions& options) {
  HYDRA_RETURN_IF_ERROR(CheckPeerCookies(options));
  std::string cookie = options.cookie;
  if (cookie.empty() && !options.cookie_file.empty()) {
    HYDRA_ASSIGN_OR_RETURN(cookie, ReadSecretFile("the cookie's file", options.cookie_file));
    cookie = WithoutLineEnd(std::move(cookie));
  }
  if (const char* from_environment = std::getenv("HYDRA_COOKIE");
      cookie.empty() && options.cookie_file.empty() && from_environment != nullptr)
    cookie = from_environment;
  if (cookie.empty()) {
    return absl::InvalidArgumentError(
        "a node needs a cookie: NodeOptions::cookie, cookie_file or HYDRA_COOKIE");
  }
  return cookie;
}

}  // namespace hydra::node_internal
