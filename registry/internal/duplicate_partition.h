// Some of the entries of a registry in which a key may have many.
#ifndef HYDRA_REGISTRY_INTERNAL_DUPLICATE_PARTITION_H_
#define HYDRA_REGISTRY_INTERNAL_DUPLICATE_PARTITION_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "hydra/base/mutex.h"
#include "hydra/base/read_section.h"
#include "hydra/base/shared_map.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/pid.h"
#include "hydra/registry/internal/added.h"
#include "hydra/registry/internal/member_list.h"
#include "hydra/registry/internal/registrants.h"

namespace hydra::registry_internal {

// The entries of a key are in the order in which they were made. Thread safety: any thread.
template <typename Key, typename Value>
class DuplicatePartition {
 public:
  DuplicatePartition() = default;
  DuplicatePartition(const DuplicatePartition&) = delete;
  DuplicatePartition& operator=(const DuplicatePartition&) = delete;
  ~DuplicatePartition() { SetProcess(Pid()); }

  struct KeyNode;

  struct Member : OfProcess<Member>, OfList<Member>, Pooled {
    Member(Pid pid, Value value) : pid(pid), value(std::move(value)) {}

    const Pid pid;
    [[no_unique_address]] const Value value;
    KeyNode* of_key = nullptr;  // valid while it is in the partition
  };
  static_assert(alignof(Member) <= 16, "a Pooled block is aligned to 16");

  // A key that has members.
  struct KeyNode {
    KeyNode(size_t hash, Key key) : hash(hash), key(std::move(key)) {}

    const size_t hash;
    const Key key;
    MemberList<Member> members;
  };

  // ---- Reading, in a ReadSection. Processes that have ended may be among the members.

  template <typename View, typename Visit>
  void ForEachOf(size_t hash, const View& key, Visit visit) const {
    const KeyNode* const node = keys_.Find(hash, key);
    if (node == nullptr) return;
    ForEachMember(*node, visit);
  }
  // Calls `visit(const Key&, const Member&)`.
  template <typename Visit>
  void ForEach(Visit visit) const {
    keys_.ForEach([&](const KeyNode& node) {
      ForEachMember(node, [&](const Member& member) { visit(node.key, member); });
    });
  }
  template <typename Visit>
  void ForEachKey(Visit visit) const {
    keys_.ForEach([&](const KeyNode& node) { visit(node.key); });
  }
  template <typename View>
  size_t CountOf(size_t hash, const View& key) const {
    const KeyNode* const node = keys_.Find(hash, key);
    return node == nullptr ? 0 : node->members.size();
  }

  // ---- Changing.

  template <typename View>
  Added Add(size_t hash, const View& key, std::unique_ptr<Member> entry) {
    Limbo::Batch unread;
    const MutexLock lock(mutex_);
    if (!process_) return {};
    KeyNode* node = keys_.Find(hash, key);
    if (node == nullptr) {
      node = new KeyNode(hash, Key(key));
      keys_.Insert(node, limbo_);
      unread = limbo_.TakeUnread();
    }
    Member* const member = entry.release();
    member->of_key = node;
    node->members.Add(member);
    return {.process = process_, .holder = Pid(), .is_first = registrants_.Add(member)};
  }

  // Those of the key that are of that process, newest first; valid in the ReadSection that this is called in.
  // Cost: O(entries of the process, or of the key, whichever are fewer).
  template <typename View>
  std::vector<Member*> Find(size_t hash, const View& key, const Pid& pid) {
    const MutexLock lock(mutex_);
    const KeyNode* const node = keys_.Find(hash, key);
    if (node == nullptr) return {};
    std::vector<Member*> of_process;
    std::vector<Member*> of_key;
    Member* next_of_process = registrants_.NewestOf(pid);
    Member* next_of_key = node->members.first();
    while (next_of_process != nullptr && next_of_key != nullptr) {
      if (next_of_process->of_key == node) of_process.push_back(next_of_process);
      if (next_of_key->pid == pid) of_key.push_back(next_of_key);
      next_of_process = next_of_process->next_of_process;
      next_of_key = MemberList<Member>::after(next_of_key);
    }
    if (next_of_process == nullptr) return of_process;
    std::reverse(of_key.begin(), of_key.end());
    return of_key;
  }

  // Removes those of them that are still there, all of one process.
  Removed Remove(const std::vector<Member*>& members) {
    Limbo::Batch unread;
    const MutexLock lock(mutex_);
    Removed removed = {.process = process_};
    for (Member* const member : members) {
      if (member->of_key == nullptr) continue;
      ++removed.count;
      removed.is_last = RemoveOne(member);
    }
    unread = limbo_.TakeUnread();
    return removed;
  }

  // Removes what is of that process.
  void Forget(const Pid& pid) {
    Limbo::Batch unread;
    const MutexLock lock(mutex_);
    while (Member* const member = registrants_.NewestOf(pid)) RemoveOne(member);
    unread = limbo_.TakeUnread();
  }

  // See Directory::SetProcess: each once.
  std::vector<Pid> SetProcess(const Pid& process) {
    Limbo::Batch unread;
    const MutexLock lock(mutex_);
    process_ = process;
    if (process) return {};
    std::vector<Pid> registered = registrants_.Clear();
    std::vector<Member*> members;
    keys_.ForEach([&members](const KeyNode& node) {
      for (Member* member = node.members.first(); member != nullptr;
           member = MemberList<Member>::after(member))
        members.push_back(member);
    });
    for (Member* const member : members) {
      member->of_key = nullptr;
      limbo_.Add(member);
    }
    keys_.Clear(limbo_);
    unread = limbo_.TakeUnread();
    return registered;
  }

  bool Has(const Pid& pid) const {
    const MutexLock lock(mutex_);
    return registrants_.NewestOf(pid) != nullptr;
  }

  // A key as often as the process has it.
  void AppendKeysOf(const Pid& pid, std::vector<Key>& keys) const {
    const MutexLock lock(mutex_);
    for (const Member* member = registrants_.NewestOf(pid); member != nullptr;
         member = member->next_of_process)
      keys.push_back(member->of_key->key);
  }

 private:
  template <typename Visit>
  static void ForEachMember(const KeyNode& node, const Visit& visit) {
    for (const Member* member = node.members.first(); member != nullptr;
         member = MemberList<Member>::after(member))
      visit(*member);
  }

  // Returns whether it was the last of its process.
  bool RemoveOne(Member* member) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    KeyNode* const node = std::exchange(member->of_key, nullptr);
    node->members.Remove(member);
    if (node->members.size() == 0) keys_.Erase(node, limbo_);
    const bool is_last = registrants_.Remove(member);
    limbo_.Add(member);
    return is_last;
  }

  SharedMap<KeyNode> keys_;  // changed by who has the lock, read by all
  mutable Mutex mutex_;
  Pid process_ ABSL_GUARDED_BY(mutex_);
  Registrants<Member> registrants_ ABSL_GUARDED_BY(mutex_);
  Limbo limbo_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_DUPLICATE_PARTITION_H_
