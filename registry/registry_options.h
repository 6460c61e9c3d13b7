// How a registry is made.
#ifndef HYDRA_REGISTRY_REGISTRY_OPTIONS_H_
#define HYDRA_REGISTRY_REGISTRY_OPTIONS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "hydra/process/dest.h"

namespace hydra {

struct RegistryOptions {
  // The name of the registry's process; it has none if that is empty.
  std::string name = {};
  // Tables that the entries are in; at least one. Those who register wait for each other within one of them
  // only, so more of them help where several threads register all the time; lookups never wait. Those of a
  // DuplicateRegistry are also what DispatchParallel works on at the same time.
  size_t partitions = 1;
  // Who is told of each entry that is made, by a KeyRegistered, and of each that its process unregisters,
  // by a KeyUnregistered (registry_entry.h); in order for each process that registers. Not of those that
  // end with their process: a listener monitors it.
  std::vector<Dest> listeners = {};
};

}  // namespace hydra

#endif  // HYDRA_REGISTRY_REGISTRY_OPTIONS_H_
