#include "hydra/node/internal/secret_file.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace hydra::node_internal {

absl::StatusOr<std::string> ReadFile(const std::string& what, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // It may be a directory, which can be opened, but not read.
  if (!file || (file.peek() != std::ifstream::traits_type::eof() && !(text << file.rdbuf())) ||
      file.bad())
    return absl::InvalidArgumentError(absl::StrCat(what, " can't be read: ", path));
  return std::move(text).str();
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& what, const std::string& path) {
  struct stat found;
  if (stat(path.c_str(), &found) == 0 && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " may be read by others: chmod 600 ", path));
  }
  return ReadFile(what, path);
}

}  // namespace hydra::node_internal
