// Registry: processes known by any key, one process a key.
//
//   hydra::Registry<std::string, Topic> rooms({.name = "rooms"});
//   hydra::Children children = {rooms.child(), hydra::Child<Lobby>({}, rooms)};
//   ...
//   absl::Status status = rooms.Register("lobby", Topic{"hello"});   // the caller, until it ends
//   hydra::Pid lobby = rooms.WhereIs("lobby");                       // anybody
//   std::optional<hydra::Holder<Topic>> holder = rooms.Lookup("lobby");
//
// A key is a Dest (dest.h), and a server can be started under it:
//
//   co_await hydra::StartLink<Room>({.via = rooms.Via("lobby")});
//   hydra::ServerRef<Room> room(rooms.Via("lobby"));
//   hydra::ServerRef<Room> there(rooms.ViaOn("b@10.0.0.7:4370", "lobby"));   // that of another node
//
// A Registry is a handle: its copies are the same registry. There is a process behind it, which a
// supervisor has as a child, and what registers anything is linked to that: an entry is there as long as
// the process that has made it, and if the registry's process ends so do all that are registered. When it
// is started anew the registry is empty.
//
// Lookups ask nobody, take no lock, and write nothing that others read: base/shared_map.h and
// read_section.h say how. So a value that has been taken out is destroyed some time later, by whoever
// changes the registry then, or with the last handle; it must not have a handle of the registry itself. A
// process whose end has been seen is found no more, and its key is free, whether or not the registry has
// heard of it.
//
// Several processes for a key: DuplicateRegistry. Thread safety: what registers must be called by a process;
// the rest may be called by any thread, though only in a runtime is it known who has just ended.
#ifndef HYDRA_REGISTRY_REGISTRY_H_
#define HYDRA_REGISTRY_REGISTRY_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/base/shared_key.h"
#include "hydra/process/async.h"
#include "hydra/process/dest.h"
#include "hydra/process/keyed_name.h"
#include "hydra/process/pid.h"
#include "hydra/process/via.h"
#include "hydra/registry/internal/directory.h"
#include "hydra/registry/internal/registry_via.h"
#include "hydra/registry/internal/unique_directory.h"
#include "hydra/registry/key_lock.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/registry/registry_options.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra {

// Keys are compared by ==, hashed by absl::Hash, and copied; values are copied when they are read. A
// std::string key is asked for by a string_view.
template <typename Key, typename Value = NoValue>
class Registry {
  static_assert(registry_internal::kIsKey<Key>,
                "Registry<Key>: keys are compared by == and hashed by absl::Hash: "
                "they need operator== and AbslHashValue");

 public:
  using Entry = RegistryEntry<Key, Value>;
  using KeyView = KeyViewOf<Key>;

  explicit Registry(RegistryOptions options = {})
      : directory_(std::make_shared<Directory>(std::move(options))) {}

  // ---- The registry's process.

  // A child that is it. Its id is the registry's name, "registry" if that is empty.
  ChildSpec child() const { return registry_internal::RegistryChild(directory_); }

  // Starts it, linked to the caller; fails like a server (genserver/start.h), with kAlreadyExists if it runs.
  Async<absl::StatusOr<Pid>> StartLink() const {
    return registry_internal::StartRegistry(directory_);
  }

  const std::string& name() const { return directory_->options().name; }

  // ---- For processes that register themselves.

  // From now on the calling process has the key. Fails with
  //   kAlreadyExists       a process has it, perhaps the caller; `NameHolder(status)` is which
  //   kUnavailable         the registry's process doesn't run
  //   kFailedPrecondition  the caller is ending
  absl::Status Register(Key key, Value value = {}) const {
    return directory_->Register(std::move(key), std::move(value));
  }

  // The caller has the key no more; what was sent by it before may still arrive. Does nothing if the caller
  // doesn't have it. A process that has no keys any more isn't linked to the registry any more.
  void Unregister(KeyView key) const {
    UnregisterMatch(key, [](const Value&) { return true; });
  }

  // The same if `matches(value)`.
  template <typename Matches>
  void UnregisterMatch(KeyView key, Matches matches) const {
    directory_->Unregister(key, matches);
  }

  // Replaces the value of a key that the caller has by `change(value)`. Whoever reads it sees the old or the
  // new one. If `change` throws nothing has changed. kNotFound if the caller doesn't have the key.
  template <typename Change>
  absl::StatusOr<UpdatedValue<Value>> Update(KeyView key, Change change) const {
    return directory_->Update(key, change);
  }

  // ---- For everybody.

  // Who has the key, and its value.
  std::optional<Holder<Value>> Lookup(KeyView key) const { return directory_->Lookup(key); }

  // Who has the key; nobody if nobody does. Cheaper by a copy of the value.
  Pid WhereIs(KeyView key) const { return directory_->WhereIs(key); }

  // The key as an address, for a Dest and for ServerOptions::via; whoever is started under it has `value`.
  std::shared_ptr<const hydra::Via> Via(Key key, Value value = {}) const {
    return std::make_shared<registry_internal::RegistryVia<Directory>>(directory_, std::move(key),
                                                                       std::move(value));
  }

  // The key as an address on another node: the process that the registry of this name has it for, over there, when what is
  // done arrives. Such a registry needn't run here, nor have values of the same type. Nobody if none of that name runs
  // there, if its keys are of another type (that is logged there), or if the key takes more than some 4,000 bytes. The type
  // of the key must be one that can cross nodes: process/wire.h.
  ProcessName ViaOn(std::string node, const Key& key) const {
    return KeyedName(name(), key, std::move(node));
  }

  // The keys that a process has, in no order. Cost: O(keys of the process), and a lock for each partition.
  std::vector<Key> Keys(const Pid& pid) const { return directory_->Keys(pid); }

  // How many keys are taken; a moment's truth, and the newly dead may be among their holders.
  size_t Count() const { return directory_->Count(); }

  // The entries, or how many, for which `matches(const Entry&)`, in no order. An entry that is there all the
  // while is seen exactly once. Cost: O(keys); what is taken out meanwhile stays in memory.
  template <typename Matches>
  std::vector<Entry> Select(Matches matches) const {
    std::vector<Entry> selected;
    directory_->ForEach([&](const Entry& entry) {
      if (matches(entry)) selected.push_back(entry);
    });
    return selected;
  }
  template <typename Matches>
  size_t CountSelect(Matches matches) const {
    size_t count = 0;
    directory_->ForEach([&](const Entry& entry) { count += matches(entry) ? 1 : 0; });
    return count;
  }

  // Waits until nobody has the lock of this key, and takes it: it is held as long as what is yielded. They
  // get it in the order in which they ask; a process that has it already waits for itself. A lock has
  // nothing to do with who is registered, nor with the registry's process. Must be awaited by a process.
  Async<KeyLock> Lock(Key key) const { return directory_->locks().Lock(std::move(key)); }

  // Any value, by a name, for all who have the registry. It is there whether or not the registry's process
  // is. Yields a copy; nothing if there is none of exactly that type.
  template <typename T>
  void PutMeta(std::string_view meta, T value) const {
    static_assert(!std::is_same_v<T, const char*>,
                  "PutMeta(meta, value): a text is kept as a std::string");
    directory_->meta().Put(meta, std::move(value));
  }
  template <typename T>
  std::optional<T> Meta(std::string_view meta) const {
    return directory_->meta().template Get<T>(meta);
  }
  void DeleteMeta(std::string_view meta) const { directory_->meta().Delete(meta); }

  friend bool operator==(const Registry&, const Registry&) = default;

 private:
  using Directory = registry_internal::UniqueDirectory<Key, Value>;

  std::shared_ptr<Directory> directory_;
};

}  // namespace hydra

#endif  // HYDRA_REGISTRY_REGISTRY_H_
