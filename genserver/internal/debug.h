// What a server keeps for those who watch it by Sys. A server that nobody watches has none.
#ifndef HYDRA_GENSERVER_INTERNAL_DEBUG_H_
#define HYDRA_GENSERVER_INTERNAL_DEBUG_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "hydra/genserver/sys_event.h"
#include "hydra/process/pid.h"

namespace hydra::genserver_internal {

struct Debug {
  void Note(SysEvent::Kind kind, std::string_view type, const Pid& peer);

  bool trace = false;  // events are logged
  std::optional<SysStatistics> statistics;
  size_t log_size = 0;  // of the last events, so many are kept
  std::deque<SysEvent> log;
  std::map<std::string, std::function<void(const SysEvent&)>> installed;

  bool IsIdle() const {
    return !trace && !statistics.has_value() && log_size == 0 && installed.empty();
  }
};

}  // namespace hydra::genserver_internal

#endif  // HYDRA_GENSERVER_INTERNAL_DEBUG_H_
