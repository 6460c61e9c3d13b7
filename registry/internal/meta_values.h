// Values of any type by a name.
#ifndef HYDRA_REGISTRY_INTERNAL_META_VALUES_H_
#define HYDRA_REGISTRY_INTERNAL_META_VALUES_H_

#include <any>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "hydra/base/mutex.h"

namespace hydra::registry_internal {

// Thread safety: any thread.
class MetaValues {
 public:
  template <typename T>
  void Put(std::string_view name, T value) {
    std::any put = std::move(value);
    const MutexLock lock(mutex_);
    std::swap(values_[std::string(name)], put);
  }

  // Nothing if there is none, or it is of another type.
  template <typename T>
  std::optional<T> Get(std::string_view name) const {
    const MutexLock lock(mutex_);
    const auto found = values_.find(std::string(name));
    if (found == values_.end()) return std::nullopt;
    const T* value = std::any_cast<T>(&found->second);
    return value == nullptr ? std::nullopt : std::optional<T>(*value);
  }

  void Delete(std::string_view name) {
    std::any deleted;
    const MutexLock lock(mutex_);
    const auto found = values_.find(std::string(name));
    if (found == values_.end()) return;
    std::swap(found->second, deleted);
    values_.erase(found);
  }

 private:
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, std::any> values_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_META_VALUES_H_
