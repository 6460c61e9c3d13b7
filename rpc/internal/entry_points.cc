#include "hydra/rpc/internal/entry_points.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "hydra/base/check.h"
#include "hydra/base/mutex.h"

namespace hydra::rpc_internal {
namespace {

struct EntryPoints {
  Mutex mutex;
  std::map<std::string, ReadInvocation, std::less<>> by_name ABSL_GUARDED_BY(mutex);
};

// Made by the first registration, which comes before main.
EntryPoints& AllEntryPoints() {
  static EntryPoints& all = *new EntryPoints;
  return all;
}

}  // namespace

void RegisterEntryPoint(const std::string& name, ReadInvocation read) {
  EntryPoints& all = AllEntryPoints();
  const MutexLock lock(all.mutex);
  const auto [entry, is_new] = all.by_name.try_emplace(name, read);
  HYDRA_CHECK(entry->second == read) << "two entry points are called \"" << name << "\"";
}

ReadInvocation FindEntryPoint(std::string_view name) {
  EntryPoints& all = AllEntryPoints();
  const MutexLock lock(all.mutex);
  const auto found = all.by_name.find(name);
  return found == all.by_name.end() ? nullptr : found->second;
}

}  // namespace hydra::rpc_internal
