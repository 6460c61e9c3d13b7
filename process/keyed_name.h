// Keyed names: the keys of a process that has a name, as addresses on all nodes. For modules such as registry, whose
// `ViaOn` makes them.
//
//   hydra::ServeKeys<int64_t>([](int64_t table) { return WaiterOf(table); });    // by the process "tables"
//   hydra::Send(hydra::KeyedName("tables", int64_t{7}, node), Order{});          // on any node
//
// A keyed name is a ProcessName, and does what one does; only that whose it is says the process of the plain name, when the
// operation arrives at its node. It is nobody's while there is no such process, or one that serves no such keys.
#ifndef HYDRA_PROCESS_KEYED_NAME_H_
#define HYDRA_PROCESS_KEYED_NAME_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "hydra/process/dest.h"
#include "hydra/process/internal/keyed_name.h"
#include "hydra/process/internal/wire_codec.h"
#include "hydra/process/pid.h"
#include "hydra/process/wire.h"

namespace hydra {

// The key `key`, of a type that can cross nodes (wire.h), of the process `process` of `node`; of the caller's node if that
// is empty. Nobody's if all of it takes more than kMaxRemoteName bytes (transport.h). Throws as `EncodeTo` does. Thread
// safety: any thread.
template <typename K>
ProcessName KeyedName(std::string_view process, const K& key, std::string node) {
  return {process_internal::KeyedName(process, process_internal::EncodeForNode(key)),
          std::move(node)};
}

// From now on, until it ends, keys of the calling process's name are those of type K for which `find(const K&)` yields a
// process of this runtime. Who asks for keys of another type finds nobody, and a line is logged here. Replaces what was set
// before. Must be called by a process. `find` is called by any thread, also several at a time, and may outlive the process a
// little; it mustn't wait.
template <typename K, typename F>
void ServeKeys(F find) {
  process_internal::ServeKeys([find = std::move(find)](Encoded encoded) -> absl::StatusOr<Pid> {
    const absl::StatusOr<K> key = process_internal::DecodeFromNode<K>(encoded);
    if (!key.ok()) return key.status();
    return find(*key);
  });
}

}  // namespace hydra

#endif  // HYDRA_PROCESS_KEYED_NAME_H_
