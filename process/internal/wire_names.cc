#include "hydra/process/internal/wire_names.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <typeinfo>

#include "absl/base/thread_annotations.h"
#include "hydra/base/check.h"
#include "hydra/base/mutex.h"

namespace hydra::process_internal {
namespace {

struct Owner {
  const std::type_info* type;
  std::string_view type_name;
};

struct Names {
  Mutex mutex;
  std::map<std::string, Owner, std::less<>> owners ABSL_GUARDED_BY(mutex);
};

// Made by the first registration, which comes before main.
Names& AllNames() {
  static Names& names = *new Names;
  return names;
}

}  // namespace

void RegisterWireName(std::string_view name, const std::type_info& type,
                      std::string_view type_name) {
  HYDRA_CHECK(IsWireName(name)) << "the wire name \"" << name << "\" of " << type_name
                                << " needs a dot or a capital, as in \"package.Type\"";
  Names& names = AllNames();
  MutexLock lock(names.mutex);
  const auto [it, is_new] =
      names.owners.try_emplace(std::string(name), Owner{.type = &type, .type_name = type_name});
  // Not by their names: types of anonymous namespaces may share one.
  HYDRA_CHECK(*it->second.type == type)
      << "two types have the wire name \"" << name << "\": " << it->second.type_name << " and "
      << type_name << ". Give one of them another kWireName";
}

}  // namespace hydra::process_internal
