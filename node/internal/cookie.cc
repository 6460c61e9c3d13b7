#include "hydra/node/internal/cookie.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "hydra/base/status_macros.h"
#include "hydra/node/internal/grpc_links.h"
#include "hydra/node/internal/node_name.h"
#include "hydra/node/internal/pem.h"
#include "hydra/node/node_options.h"

namespace hydra::node_internal {
namespace {

absl::StatusOr<std::string> ReadFile(const std::string& what, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // It may be a directory, which can be opened, but not read.
  if (!file || (file.peek() != std::ifstream::traits_type::eof() && !(text << file.rdbuf())) ||
      file.bad())
    return absl::InvalidArgumentError(absl::StrCat(what, " can't be read: ", path));
  return std::move(text).str();
}

absl::StatusOr<std::string> ReadSecret(const std::string& what, const std::string& path) {
  struct stat found;
  if (stat(path.c_str(), &found) == 0 && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " may be read by others: chmod 600 ", path));
  }
  return ReadFile(what, path);
}

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
    HYDRA_ASSIGN_OR_RETURN(cookie, ReadSecret("the cookie's file", options.cookie_file));
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

absl::StatusOr<std::optional<TlsFiles>> ReadTls(const NodeOptions& options) {
  if (!options.tls.has_value()) return std::nullopt;
  const NodeTls& tls = *options.tls;
  TlsFiles files;
  files.require_client_certificate = tls.require_client_certificate;
  files.peer_name = tls.peer_name;
  HYDRA_ASSIGN_OR_RETURN(files.certificate_chain,
                         ReadFile("the certificate", tls.certificate_chain));
  HYDRA_ASSIGN_OR_RETURN(files.private_key,
                         ReadSecret("the certificate's private key", tls.private_key));
  HYDRA_ASSIGN_OR_RETURN(files.authority, ReadFile("the authority's certificate", tls.authority));
  if (!HasCertificate(files.certificate_chain) || !HasCertificate(files.authority))
    return absl::InvalidArgumentError("NodeOptions::tls: a file has no certificate, as PEM");
  if (!HasPrivateKeyOf(files.certificate_chain, files.private_key)) {
    return absl::InvalidArgumentError("NodeOptions::tls: " + tls.private_key +
                                      " hasn't the private key of the certificate, as PEM");
  }
  return files;
}

}  // namespace hydra::node_internal
