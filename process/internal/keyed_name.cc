#include "hydra/process/internal/keyed_name.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "hydra/process/internal/homes.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"
#include "hydra/process/wire.h"

namespace hydra::process_internal {
namespace {

// Nodes as they are written: name and creation.
using Nodes = std::vector<std::pair<std::string, uint64_t>>;

// Adds to `text` what the key is, if it is a T.
template <typename T>
bool AppendIf(const Encoded& key, std::string& text) {
  if (key.type != WireName<T>()) return false;
  const absl::StatusOr<T> value = Decode<T>(key);
  if (value.ok()) absl::StrAppend(&text, *value);
  return value.ok();
}

}  // namespace

std::string KeyedName(std::string_view process, const Encoded& key) {
  Nodes nodes;
  for (const uint32_t home : key.homes) {
    const NodeId& node = NodeOf(home);
    nodes.emplace_back(node.name, node.creation);
  }
  std::string name(process);
  name.push_back('\0');
  SameHomes no_homes;
  WireWriter writer(name, no_homes);
  writer.Write(key.type);
  writer.Write(nodes);
  writer.Append(key.bytes);
  return name;
}

std::string_view ProcessOfKeyedName(std::string_view name) {
  return name.substr(0, name.find('\0'));
}

absl::StatusOr<Encoded> KeyOfKeyedName(std::string_view name) {
  SameHomes no_homes;
  WireReader reader(name.substr(name.find('\0') + 1), no_homes);
  std::optional<std::string> type = reader.Read<std::string>();
  const std::optional<Nodes> nodes = reader.Read<Nodes>();
  if (!type || !nodes) return reader.status("key of a name");
  Encoded key{.type = *std::move(type), .bytes = std::string(reader.Rest())};
  // What stands for a node is kept for ever, so none is made for what anybody may ask for: a key that is there has pids of
  // nodes that are known. The others are none's.
  for (const auto& [node, creation] : *nodes)
    key.homes.push_back(FindHome({.name = node, .creation = creation}));
  return key;
}

std::string NameText(std::string_view name) {
  if (!IsKeyedName(name)) return std::string(name);
  std::string text;
  const absl::StatusOr<Encoded> key = KeyOfKeyedName(name);
  const bool is_simple =
      key.ok() && (AppendIf<std::string>(*key, text) || AppendIf<int32_t>(*key, text) ||
                   AppendIf<uint32_t>(*key, text) || AppendIf<int64_t>(*key, text) ||
                   AppendIf<uint64_t>(*key, text));
  if (!is_simple) text = "a key";
  return text + " of " + std::string(ProcessOfKeyedName(name));
}

}  // namespace hydra::process_internal
