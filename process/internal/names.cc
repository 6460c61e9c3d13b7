#include "hydra/process/internal/names.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "hydra/base/log.h"
#include "hydra/base/mutex.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/keyed_name.h"
#include "hydra/process/internal/process_table.h"
#include "hydra/process/pid.h"
#include "hydra/process/wire.h"

namespace hydra::process_internal {
namespace {

constexpr char kNameHolder[] = "hydra/name-holder";

// What reads a key may be the user's, and throw.
absl::StatusOr<Pid> Find(const KeyFinder& find, std::string_view name) {
  try {
    absl::StatusOr<Encoded> key = KeyOfKeyedName(name);
    if (!key.ok()) return key.status();
    return find(*std::move(key));
  } catch (...) {
    return absl::InternalError(ExitReason::FromCurrentException().ToString());
  }
}

}  // namespace

absl::Status NameTaken(std::string_view message, const Pid& holder) {
  absl::Status taken = absl::AlreadyExistsError(absl::string_view(message.data(), message.size()));
  const uint64_t words[] = {holder.serial(), uint64_t{holder.slot()} << 32 | holder.home()};
  taken.SetPayload(kNameHolder, absl::Cord(absl::string_view(reinterpret_cast<const char*>(words),
                                                             sizeof(words))));
  return taken;
}

std::optional<Pid> HolderOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kNameHolder);
  uint64_t words[2];
  if (!payload.has_value() || payload->size() != sizeof(words)) return std::nullopt;
  std::memcpy(words, std::string(*payload).data(), sizeof(words));
  return Pid(words[0], static_cast<uint32_t>(words[1] >> 32), static_cast<uint32_t>(words[1]));
}

absl::Status Names::Register(const Pid& pid, std::string_view name) {
  if (name.empty()) return absl::InvalidArgumentError("a name isn't empty");
  if (IsKeyedName(name)) return absl::InvalidArgumentError("a name has no zero byte");
  absl::Status dead = absl::NotFoundError("there is no process " + pid.ToString());
  if (!table_.IsAlive(pid)) return dead;
  MutexLock lock(mutex_);
  if (const auto named = names_.find(pid); named != names_.end()) {
    return absl::FailedPreconditionError(pid.ToString() + " has a name already: '" + named->second +
                                         "'");
  }
  if (const auto held = pids_.find(std::string(name)); held != pids_.end()) {
    const Pid holder = held->second;
    if (table_.IsAlive(holder)) {
      return NameTaken("the name '" + std::string(name) + "' belongs to " + holder.ToString(),
                       holder);
    }
    Erase(holder);  // it is just about to do it itself
  }
  pids_.emplace(name, pid);
  names_.emplace(pid, name);
  table_[pid.slot()].named.store(true, std::memory_order_seq_cst);
  if (table_.IsAlive(pid)) return absl::OkStatus();
  Erase(pid);
  return dead;
}

absl::Status Names::Unregister(std::string_view name) {
  MutexLock lock(mutex_);
  const auto held = pids_.find(std::string(name));
  if (held == pids_.end())
    return absl::NotFoundError("nobody has the name '" + std::string(name) + "'");
  Erase(held->second);
  return absl::OkStatus();
}

Pid Names::HolderOf(std::string_view name) const {
  const auto held = pids_.find(std::string(name));
  return held != pids_.end() && table_.IsAlive(held->second) ? held->second : Pid();
}

Pid Names::WhereIs(std::string_view name) const {
  {
    MutexLock lock(mutex_);
    if (const Pid holder = HolderOf(name)) return holder;
  }
  return IsKeyedName(name) ? WhereIsKey(name) : Pid();
}

Pid Names::WhereIsKey(std::string_view name) const {
  const std::string_view process = ProcessOfKeyedName(name);
  Pid server;
  std::shared_ptr<const KeyFinder> find;
  {
    MutexLock lock(mutex_);
    server = HolderOf(process);
    const auto keys = keys_.find(server);
    if (keys == keys_.end()) return Pid();
    find = keys->second;
  }
  absl::StatusOr<Pid> found = Find(*find, name);
  if (found.ok()) return found->home() == server.home() && table_.IsAlive(*found) ? *found : Pid();
  HYDRA_LOG(ERROR) << "nobody is found by a key of '" << process
                   << "': " << found.status().message();
  return Pid();
}

void Names::ServeKeys(const Pid& pid, KeyFinder find) {
  auto keys = std::make_shared<const KeyFinder>(std::move(find));
  MutexLock lock(mutex_);
  keys_[pid].swap(keys);  // what was there before is destroyed when the lock is gone
  table_[pid.slot()].named.store(true, std::memory_order_seq_cst);
}

std::vector<std::string> Names::All() const {
  MutexLock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, pid] : pids_) {
    if (table_.IsAlive(pid)) names.push_back(name);
  }
  return names;
}

std::string Names::NameOf(const Pid& pid) const {
  MutexLock lock(mutex_);
  const auto named = names_.find(pid);
  return named == names_.end() ? std::string() : named->second;
}

void Names::Release(const Pid& pid) {
  std::shared_ptr<const KeyFinder> keys;  // destroyed when the lock is gone
  MutexLock lock(mutex_);
  Erase(pid);
  const auto served = keys_.find(pid);
  if (served == keys_.end()) return;
  keys = std::move(served->second);
  keys_.erase(served);
}

void Names::Erase(const Pid& pid) {
  const auto named = names_.find(pid);
  if (named == names_.end()) return;
  pids_.erase(named->second);
  names_.erase(named);
}

}  // namespace hydra::process_internal
