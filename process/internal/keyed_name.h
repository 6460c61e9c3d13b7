// Keyed names: a key of a process that has a name, as one name. See process/keyed_name.h.
//
// As bytes: the process's name; a zero byte, which no process has in its name; then, as wire.h writes them, the wire name
// of the key's type and the nodes of the pids in the key, each a name and a creation; and the key.
#ifndef HYDRA_PROCESS_INTERNAL_KEYED_NAME_H_
#define HYDRA_PROCESS_INTERNAL_KEYED_NAME_H_

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "hydra/process/pid.h"
#include "hydra/process/wire.h"

namespace hydra::process_internal {

// The process that has a key; nobody if none has. kInvalidArgument if there can be no such key.
using KeyFinder = std::function<absl::StatusOr<Pid>(Encoded key)>;

// `key.homes` are of this OS process.
std::string KeyedName(std::string_view process, const Encoded& key);

inline bool IsKeyedName(std::string_view name) { return name.find('\0') != std::string_view::npos; }

// Of a keyed name, whose bytes may be anything behind the zero.
std::string_view ProcessOfKeyedName(std::string_view name);
// kInvalidArgument if there is none.
absl::StatusOr<Encoded> KeyOfKeyedName(std::string_view name);

// Any name, for logs: "logger"; "lobby of rooms". A key that is neither a text nor a number is "a key".
std::string NameText(std::string_view name);

// From now on the calling process has these keys.
void ServeKeys(KeyFinder find);

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_KEYED_NAME_H_
