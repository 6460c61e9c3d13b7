// What Sys tells of a server's doing: see sys.h.
#ifndef HYDRA_GENSERVER_SYS_EVENT_H_
#define HYDRA_GENSERVER_SYS_EVENT_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "hydra/process/pid.h"

namespace hydra {

struct SysEvent {
  enum class Kind : uint8_t {
    kIn,     // a message has come
    kReply,  // a call has been answered
    kDone,   // the message has been handled
  };

  Kind kind = Kind::kIn;
  std::string type;  // of the message, or of the call that is answered
  Pid peer;          // who asked, of a call; nobody otherwise
  absl::Time time;

  // "in Stack::Pop from <0.1.2>".
  std::string ToString() const;
};

struct SysStatistics {
  absl::Time start_time;
  uint64_t messages_in = 0;
  uint64_t replies = 0;
};

}  // namespace hydra

#endif  // HYDRA_GENSERVER_SYS_EVENT_H_
