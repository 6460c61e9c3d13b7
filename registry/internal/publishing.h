// What a PubSub is made of: the process behind it, and the way to those of its name on other nodes.
//
//   Discover   to the name on a node, or to a process: see peers.h
//   Published  to each peer, by whoever publishes: so what one process publishes stays in its order. It is fanned out there,
//              and each subscriber reads its own
//
// A node may claim that anything is published: those that have the cookie trust each other.
#ifndef HYDRA_REGISTRY_INTERNAL_PUBLISHING_H_
#define HYDRA_REGISTRY_INTERNAL_PUBLISHING_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "hydra/process/async.h"
#include "hydra/process/enclosed.h"
#include "hydra/process/pid.h"
#include "hydra/registry/internal/duplicate_directory.h"
#include "hydra/registry/internal/shared_pids.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra::registry_internal {

using Topics = DuplicateDirectory<std::string, NoValue>;

// The process, as a child; and it alone, linked to the caller. It sets `others` to its peers.
ChildSpec PubSubChild(const std::shared_ptr<Topics>& topics,
                      const std::shared_ptr<SharedPids>& others);
Async<absl::StatusOr<Pid>> StartPubSub(std::shared_ptr<Topics> topics,
                                       std::shared_ptr<SharedPids> others);

// Sends it to those of `others` that are connected.
void PublishTo(const std::vector<Pid>& others, std::string_view topic, Enclosed message);

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_PUBLISHING_H_
