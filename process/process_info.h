// `ProcessInfo`: what can be asked about a process. See info.h.
#ifndef HYDRA_PROCESS_PROCESS_INFO_H_
#define HYDRA_PROCESS_PROCESS_INFO_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hydra/process/pid.h"
#include "hydra/process/priority.h"

namespace hydra {

struct ProcessInfo {
  static constexpr std::string_view kWireName = "hydra.ProcessInfo";

  Pid pid;
  std::string name;   // empty if it has none
  std::string label;  // what SetLabel said, or SpawnOptions
  // See Ancestors in self.h.
  std::vector<Pid> ancestors;
  Priority priority = Priority::kNormal;
  bool traps_exits = false;
  // Messages that have arrived and not been received.
  size_t message_queue_length = 0;
  // What SpawnOptions said, if it did, and how many messages have been dropped for it.
  std::optional<size_t> mailbox_limit;
  uint64_t dropped_messages = 0;
  std::vector<Pid> links;
  // The processes that it monitors, and those that monitor it; once for each monitor.
  std::vector<Pid> monitors;
  std::vector<Pid> monitored_by;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_PROCESS_INFO_H_
