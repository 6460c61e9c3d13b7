// How a server is started.
#ifndef HYDRA_GENSERVER_SERVER_OPTIONS_H_
#define HYDRA_GENSERVER_SERVER_OPTIONS_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "hydra/process/overflow.h"
#include "hydra/process/priority.h"
#include "hydra/process/via.h"

namespace hydra {

struct ServerOptions {
  // The server has this name from before its Init. See name.h.
  std::string name = {};
  // The server registers there before it is constructed; the start fails with what that fails with.
  std::shared_ptr<const Via> via = {};
  // How long Init may take.
  absl::Duration init_timeout = absl::InfiniteDuration();
  // When no message has come for so long the server hibernates: see Next::Hibernate.
  absl::Duration hibernate_after = absl::InfiniteDuration();
  // As in SpawnOptions.
  std::string label = {};
  Priority priority = Priority::kNormal;
  size_t mailbox_limit = 0;
  Overflow on_overflow = Overflow::kDropNewest;
};

}  // namespace hydra

#endif  // HYDRA_GENSERVER_SERVER_OPTIONS_H_
