#include "hydra/application/internal/settings_table.h"

#include <any>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "hydra/base/mutex.h"

namespace hydra::application_internal {
namespace {

struct Table {
  Mutex mutex;
  std::map<uint32_t, std::map<const void*, std::any>> values ABSL_GUARDED_BY(mutex);
};

// Never destroyed: a runtime may end after main has.
Table& TheTable() {
  static auto& table = *new Table;
  return table;
}

}  // namespace

std::any SettingValue(uint32_t home, const void* setting) {
  Table& table = TheTable();
  const MutexLock lock(table.mutex);
  const auto of_runtime = table.values.find(home);
  if (of_runtime == table.values.end()) return {};
  const auto value = of_runtime->second.find(setting);
  return value == of_runtime->second.end() ? std::any() : value->second;
}

void StoreSetting(uint32_t home, const void* setting, std::any value) {
  Table& table = TheTable();
  const MutexLock lock(table.mutex);
  table.values[home][setting] = std::move(value);
}

void ForgetSettings(uint32_t home) {
  Table& table = TheTable();
  const MutexLock lock(table.mutex);
  table.values.erase(home);
}

}  // namespace hydra::application_internal
