// Names: a process can be known by a name, within its runtime.
//
//   absl::Status status = hydra::Register(hydra::Self(), "logger");
//   hydra::Send("logger", Line{"started"});
//   hydra::Pid logger = hydra::WhereIs("logger");     // none if nobody has the name
//
// A process has at most one name, and a name belongs to at most one process. It is released when
// the process ends, before anyone hears of the end: whoever does can take it. `SpawnOptions::name`
// gives one to a process from its beginning.
#ifndef HYDRA_PROCESS_NAME_H_
#define HYDRA_PROCESS_NAME_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "hydra/process/pid.h"

namespace hydra {

// Gives the name to a process of this runtime. Of several at a time exactly one succeeds.
//   kAlreadyExists       the name is taken; `NameHolder(status)` is the process that has it
//   kFailedPrecondition  the process has a name already, perhaps this one; or the caller is ending
//   kNotFound            there is no such process, or it is of another runtime or node
//   kInvalidArgument     the name is empty, or has a zero byte
// Thread safety: to be called in a runtime; foreign threads have the members of `Runtime`.
absl::Status Register(const Pid& pid, std::string_view name);

// Takes a name from the process that has it. kNotFound if nobody has. What was sent by that name
// before may still arrive.
absl::Status Unregister(std::string_view name);

// The process that has the name; none if nobody has. Never one whose end has been seen.
Pid WhereIs(std::string_view name);

// All names, in no order.
std::vector<std::string> RegisteredNames();

// Who has the name, if something failed because somebody has: a Register, a spawn, a start. It may have
// ended by now. Thread safety: any thread.
std::optional<Pid> NameHolder(const absl::Status& status);

// Such a status, for those who give names of another kind: kAlreadyExists. Thread safety: any thread.
absl::Status NameTakenError(std::string_view message, const Pid& holder);

}  // namespace hydra

#endif  // HYDRA_PROCESS_NAME_H_
