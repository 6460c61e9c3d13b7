// DuplicateRegistry: processes known by any key, as many a key as like, and each as often as it likes.
//
//   hydra::DuplicateRegistry<std::string, Priority> jobs({.name = "jobs"});
//   hydra::Children children = {jobs.child(), ...};
//   ...
//   absl::Status status = jobs.Register("thumbnails", Priority::kLow);      // the caller, until it ends
//   jobs.Dispatch("thumbnails", [&](std::span<const hydra::Holder<Priority>> workers) {
//     hydra::Send(workers.front().pid, Job{image});
//   });
//
// What Registry (registry.h) says holds for it, but for two things: a key is no address, and each entry has a
// value of its own. To send the same message to all of a key is what PubSub is for.
#ifndef HYDRA_REGISTRY_DUPLICATE_REGISTRY_H_
#define HYDRA_REGISTRY_DUPLICATE_REGISTRY_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/base/shared_key.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/registry/internal/directory.h"
#include "hydra/registry/internal/duplicate_directory.h"
#include "hydra/registry/key_lock.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/registry/registry_options.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/task/task.h"

namespace hydra {

template <typename Key, typename Value = NoValue>
class DuplicateRegistry {
  static_assert(registry_internal::kIsKey<Key>,
                "DuplicateRegistry<Key>: keys are compared by == and hashed by absl::Hash: "
                "they need operator== and AbslHashValue");

 public:
  using Entry = RegistryEntry<Key, Value>;
  using KeyView = KeyViewOf<Key>;
  using Holders = std::vector<Holder<Value>>;

  explicit DuplicateRegistry(RegistryOptions options = {})
      : directory_(std::make_shared<Directory>(std::move(options))) {}

  // ---- The registry's process: as in Registry.

  ChildSpec child() const { return registry_internal::RegistryChild(directory_); }
  Async<absl::StatusOr<Pid>> StartLink() const {
    return registry_internal::StartRegistry(directory_);
  }
  const std::string& name() const { return directory_->options().name; }

  // ---- For processes that register themselves.

  // Makes an entry of the calling process. Fails with
  //   kUnavailable         the registry's process doesn't run
  //   kFailedPrecondition  the caller is ending
  absl::Status Register(KeyView key, Value value = {}) const {
    return directory_->Register(key, std::move(value));
  }

  // Removes the entries of the key that are the caller's.
  void Unregister(KeyView key) const {
    UnregisterMatch(key, [](const Value&) { return true; });
  }

  // Those of them for which `matches(value)`.
  template <typename Matches>
  void UnregisterMatch(KeyView key, Matches matches) const {
    directory_->Unregister(key, matches);
  }

  // ---- For everybody.

  // The entries of the key; those of one partition in the order in which they were made.
  Holders Lookup(KeyView key) const {
    return Match(key, [](const Value&) { return true; });
  }

  // Those of them for which `matches(value)`; and how many.
  template <typename Matches>
  Holders Match(KeyView key, Matches matches) const {
    Holders holders;
    directory_->ForEachOf(key, [&](const Member& member) {
      if (matches(member.value)) holders.push_back({member.pid, member.value});
    });
    return holders;
  }
  template <typename Matches>
  size_t CountMatch(KeyView key, Matches matches) const {
    size_t count = 0;
    directory_->ForEachOf(key,
                          [&](const Member& member) { count += matches(member.value) ? 1 : 0; });
    return count;
  }

  // The values that a process has for the key.
  std::vector<Value> Values(KeyView key, const Pid& pid) const {
    std::vector<Value> values;
    directory_->ForEachOf(key, [&](const Member& member) {
      if (member.pid == pid) values.push_back(member.value);
    });
    return values;
  }

  // The keys of a process, in no order; one as often as it has it.
  std::vector<Key> Keys(const Pid& pid) const { return directory_->Keys(pid); }

  // How many entries there are. Cost: O(entries).
  size_t Count() const {
    return CountSelect([](const Key&, const Pid&, const Value&) { return true; });
  }

  // The entries, or how many, for which `matches(key, pid, value)`, in no order. One that is there all the
  // while is seen exactly once.
  template <typename Matches>
  std::vector<Entry> Select(Matches matches) const {
    std::vector<Entry> selected;
    directory_->ForEach([&](const Key& key, const Member& member) {
      if (matches(key, member.pid, member.value))
        selected.push_back({key, member.pid, member.value});
    });
    return selected;
  }
  template <typename Matches>
  size_t CountSelect(Matches matches) const {
    size_t count = 0;
    directory_->ForEach([&](const Key& key, const Member& member) {
      count += matches(key, member.pid, member.value) ? 1 : 0;
    });
    return count;
  }

  // Calls `dispatch(std::span<const Holder<Value>>)` with copies of the entries of the key, once for each
  // partition that has any: not at all if nobody has the key. What it throws the caller gets.
  template <typename F>
  void Dispatch(KeyView key, F dispatch) const {
    for (const Holders& holders : directory_->LookupByPartition(key))
      dispatch(std::span<const Holder<Value>>(holders));
  }

  // The same at the same time: each call but the first is a task's (task.h), which is linked to the caller
  // and has a copy of `dispatch`. Waits for all. Must be awaited by a process.
  template <typename F>
  Async<> DispatchParallel(Key key, F dispatch) const {
    std::vector<Holders> all = directory_->LookupByPartition(key);
    if (all.empty()) co_return;
    std::vector<Task<void>> others;
    for (size_t i = 1; i < all.size(); ++i) {
      others.push_back(StartTask(
          [dispatch](const Holders& holders) mutable {
            dispatch(std::span<const Holder<Value>>(holders));
          },
          std::move(all[i])));
    }
    dispatch(std::span<const Holder<Value>>(all.front()));
    for (Task<void>& other : others) co_await other.Await(absl::InfiniteDuration());
  }

  // ---- As in Registry.

  Async<KeyLock> Lock(Key key) const { return directory_->locks().Lock(std::move(key)); }

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

  friend bool operator==(const DuplicateRegistry&, const DuplicateRegistry&) = default;

 private:
  using Directory = registry_internal::DuplicateDirectory<Key, Value>;
  using Member = typename Directory::Member;

  std::shared_ptr<Directory> directory_;
};

}  // namespace hydra

#endif  // HYDRA_REGISTRY_DUPLICATE_REGISTRY_H_
