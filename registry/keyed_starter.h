// KeyedStarter: a process for each key, started when it is first asked for (what Hydra for Rust calls Registry).
//
//   hydra::KeyedStarter<std::string> rooms(
//       [](const std::string& name) { return hydra::Child<Room>({}, name); }, {.name = "rooms"});
//   hydra::Children children = {rooms.child()};
//   ...
//   absl::StatusOr<hydra::Pid> lobby = co_await rooms.LookupOrStart("lobby");   // the same for all who ask
//   hydra::Pid known = rooms.WhereIs("lobby");                                  // asks nobody
//
// A KeyedStarter is a handle: its copies are the same. There is a process behind it, a supervisor, which starts
// the others, is linked to them, and ends them when it ends, all at the same time. A process that has ended
// isn't started anew until somebody asks for its key.
//
// The starter does one thing after the other. While it starts a process, or stops one, whoever asks for another
// that isn't there waits; so what is being started must not ask for one. If the starter is killed its processes
// end by their links, which the next starter doesn't wait for: for a moment there may be two of a key.
#ifndef HYDRA_REGISTRY_KEYED_STARTER_H_
#define HYDRA_REGISTRY_KEYED_STARTER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/base/shared_key.h"
#include "hydra/genserver/server_options.h"
#include "hydra/genserver/server_ref.h"
#include "hydra/genserver/start.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/registry/internal/ask.h"
#include "hydra/registry/internal/started_table.h"
#include "hydra/registry/internal/starter_server.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra {

struct KeyedStarterOptions {
  // The name of the starter's process; it has none if that is empty.
  std::string name = {};
};

// Keys are as in Registry (registry.h).
template <typename Key>
class KeyedStarter {
 public:
  using KeyView = KeyViewOf<Key>;
  using Entry = RegistryEntry<Key, NoValue>;

  // `child(key)` says how the process of a key is started, and how it is ended; it is started once, whatever
  // `restart` says. Called by the starter's process; what it throws is what the start fails with.
  explicit KeyedStarter(std::function<ChildSpec(Key)> child, KeyedStarterOptions options = {})
      : parts_(std::make_shared<const Parts>(std::move(child), std::move(options))),
        table_(std::make_shared<Table>(parts_->options.name)) {}

  // The starter's process, as a child; and it alone, linked to the caller.
  ChildSpec child() const {
    const std::string& name = parts_->options.name;
    return Child<Server>({.id = name.empty() ? "starter" : name, .server = {.name = name}},
                         parts_->child, table_);
  }
  Async<absl::StatusOr<Pid>> StartLink() const { return StartServer(parts_, table_); }

  // ---- What asks the starter's process. All must be awaited by a process, and fail as calls do (request.h),
  // with kUnavailable if it doesn't run. What has timed out is done all the same.

  // The process of the key, started if there is none. Of all who ask at a time only one has it started. If that
  // fails each has it tried anew, and gets what it fails with: `IsIgnored` (genserver/start.h) if it is ignored.
  // Cost: asks nobody if there is one.
  Async<absl::StatusOr<Pid>> LookupOrStart(Key key, absl::Duration timeout = kCallTimeout) const {
    return Find(table_, std::move(key), timeout);
  }

  // Starts the process of the key. kAlreadyExists if there is one: `NameHolder(status)` is which.
  Async<absl::StatusOr<Pid>> Start(Key key, absl::Duration timeout = kCallTimeout) const {
    return registry_internal::Ask(table_, typename Server::Start{std::move(key)}, timeout);
  }

  // Ends the process of the key, as the options say, and waits until it has ended. kNotFound if there is none.
  Async<absl::Status> Stop(Key key, absl::Duration timeout = absl::InfiniteDuration()) const {
    return registry_internal::Ask(table_, typename Server::Stop{std::move(key)}, timeout);
  }

  // Lets go of the process of the key, which runs on, by itself. Yields its pid; kNotFound if there is none.
  Async<absl::StatusOr<Pid>> Remove(Key key, absl::Duration timeout = kCallTimeout) const {
    return registry_internal::Ask(table_, typename Server::Remove{std::move(key)}, timeout);
  }

  // ---- Reading, by any thread.

  // The process of the key; nobody if there is none, or it is known to have ended.
  Pid WhereIs(KeyView key) const { return table_->WhereIs(key); }

  // How many there are, with those whose end the starter hasn't seen yet; and all that run, in no order.
  size_t Count() const { return table_->size(); }
  std::vector<Entry> All() const { return table_->All(); }

  friend bool operator==(const KeyedStarter&, const KeyedStarter&) = default;

 private:
  using Server = registry_internal::StarterServer<Key>;
  using Table = registry_internal::StartedTable<Key>;
  struct Parts {
    std::function<ChildSpec(Key)> child;
    KeyedStarterOptions options;
  };

  static Async<absl::StatusOr<Pid>> StartServer(std::shared_ptr<const Parts> parts,
                                                std::shared_ptr<Table> table) {
    const ServerOptions server = {.name = parts->options.name};
    co_return co_await StartLinkedServer<Server>(server, parts->child, std::move(table));
  }

  static Async<absl::StatusOr<Pid>> Find(std::shared_ptr<Table> table, Key key,
                                         absl::Duration timeout) {
    if (const Pid known = table->WhereIs(key)) co_return known;
    co_return co_await registry_internal::Ask(
        std::move(table), typename Server::LookupOrStart{std::move(key)}, timeout);
  }

  std::shared_ptr<const Parts> parts_;
  std::shared_ptr<Table> table_;
};

}  // namespace hydra

#endif  // HYDRA_REGISTRY_KEYED_STARTER_H_
