// A registry's key as an address.
#ifndef HYDRA_REGISTRY_INTERNAL_REGISTRY_VIA_H_
#define HYDRA_REGISTRY_INTERNAL_REGISTRY_VIA_H_

#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "hydra/process/pid.h"
#include "hydra/process/via.h"

namespace hydra::registry_internal {

template <typename Directory>
class RegistryVia final : public Via {
 public:
  using Key = typename Directory::Key;
  using Value = typename Directory::Value;

  RegistryVia(std::shared_ptr<Directory> directory, Key key, Value value)
      : directory_(std::move(directory)), key_(std::move(key)), value_(std::move(value)) {}

  Pid WhereIs() const override { return directory_->WhereIs(key_); }

  absl::Status Register() const override { return directory_->Register(key_, value_); }

  // "lobby of rooms"; a key that can't be printed is "a key".
  std::string ToString() const override {
    std::ostringstream text;
    if constexpr (requires { text << key_; }) {
      text << key_;
    } else {
      text << "a key";
    }
    const std::string& name = directory_->options().name;
    text << " of " << (name.empty() ? "a registry" : name);
    return text.str();
  }

  bool Equals(const Via& other) const override {
    const auto* same = dynamic_cast<const RegistryVia*>(&other);
    return same != nullptr && same->directory_ == directory_ && same->key_ == key_;
  }

 private:
  const std::shared_ptr<Directory> directory_;
  const Key key_;
  const Value value_;
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_REGISTRY_VIA_H_
