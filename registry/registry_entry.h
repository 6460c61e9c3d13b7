// What is in a registry.
#ifndef HYDRA_REGISTRY_REGISTRY_ENTRY_H_
#define HYDRA_REGISTRY_REGISTRY_ENTRY_H_

#include <string>

#include "hydra/process/pid.h"

namespace hydra {

// The value of keys that have none.
struct NoValue {
  friend bool operator==(const NoValue&, const NoValue&) = default;
};

template <typename Key, typename Value>
struct RegistryEntry {
  Key key;
  Pid pid;
  [[no_unique_address]] Value value;

  friend bool operator==(const RegistryEntry&, const RegistryEntry&) = default;
};

// Who has a key, and the value that it is registered with.
template <typename Value>
struct Holder {
  Pid pid;
  [[no_unique_address]] Value value;

  friend bool operator==(const Holder&, const Holder&) = default;
};

// What `Update` has done.
template <typename Value>
struct UpdatedValue {
  Value now;
  Value before;
};

// What listeners are sent: RegistryOptions::listeners. `registry` is its name.
template <typename Key, typename Value = NoValue>
struct KeyRegistered {
  std::string registry;
  Key key;
  Pid pid;
  Value value;
};
template <typename Key>
struct KeyUnregistered {
  std::string registry;
  Key key;
  Pid pid;
};

}  // namespace hydra

#endif  // HYDRA_REGISTRY_REGISTRY_ENTRY_H_
