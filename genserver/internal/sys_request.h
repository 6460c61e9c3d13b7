// What Sys asks servers: operations that run in the server between two messages.
#ifndef HYDRA_GENSERVER_INTERNAL_SYS_REQUEST_H_
#define HYDRA_GENSERVER_INTERNAL_SYS_REQUEST_H_

#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "hydra/process/exit_reason.h"

namespace hydra::genserver_internal {

class ServerCore;

struct SysRequest {
  using Reply = absl::Status;
  std::function<absl::Status(ServerCore&)> operation;
};

// Asks a server to stop.
struct StopServer {
  static constexpr std::string_view kWireName = "hydra.StopServer";
  ExitReason reason;
};

// The identity of the class S.
template <typename S>
inline constexpr char kStateType = 0;

}  // namespace hydra::genserver_internal

#endif  // HYDRA_GENSERVER_INTERNAL_SYS_REQUEST_H_
