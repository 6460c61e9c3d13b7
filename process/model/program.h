// Programs of processes, made at random and made smaller: what the model and the runtime both run.
//
//   Program program = RandomProgram(/*seed=*/7, {.advances = 3});
//   program = Shrink(program, [](const Program& p) { return Disagrees(p); });
//   std::cout << ToString(program);                  // 3 p1: SpawnWith linked -> p4 r7 ...
//
// Processes, refs and names are numbers. A number is given once, so that any subset of the steps is a
// program too: a number that no step has made names nobody.
#ifndef HYDRA_PROCESS_MODEL_PROGRAM_H_
#define HYDRA_PROCESS_MODEL_PROGRAM_H_

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hydra/process/exit_reason.h"

namespace hydra::model {

inline constexpr int kRoots = 3;      // processes that are there at first
inline constexpr int kProcesses = 7;  // that there can be
inline constexpr std::array<std::string_view, 2> kNames = {"a", "b"};

enum class Op : uint8_t {
  kSpawn,
  kLink,
  kUnlink,
  kMonitor,
  kDemonitor,
  kExit,
  kExitSelf,
  kTrapExit,
  kSend,
  kRequest,
  kRead,     // takes all messages out of the mailbox, and deals with requests as the word says
  kRelease,  // deals with the requests that it holds
  kMakeAlias,
  kUnalias,
  kSendAfter,
  kCancelTimer,
  kRegister,
  kUnregister,
  kWhereIs,
  kYield,
  kAdvance,  // nobody's: an hour passes
  kSettle,   // nobody's: all that goes on comes to its end
};

// What a step's `index` counts.
enum class To : uint8_t { kNothing, kPid, kRef, kName };

struct Step {
  Op op = Op::kSettle;
  int who = 0;  // the process that does it
  To to = To::kNothing;
  int index = 0;
  int made = -1;               // the ref that it makes
  std::string_view word = {};  // what else it needs
};

using Program = std::vector<Step>;

std::string ToString(const Step& step);
std::string ToString(const Program& program);

enum class Kind : uint8_t {
  kByHand,     // one step at a time
  kOnThreads,  // the same, but time doesn't pass
  kTogether,   // what lies between two steps that settle is done at the same time
};

Program RandomProgram(uint64_t seed, Kind kind);

// Leaves steps out while what is left still `fails`.
Program Shrink(Program program, const std::function<bool(const Program&)>& fails);

// How long a timer or a request has, in seconds: within an hour no two are due at the same time, and
// what is left of it, in half hours, is less by some minutes than the next whole number.
inline constexpr int kHalfAnHour = 1800;
int DelayOf(const Step& step);

// The reason of an Exit or an ExitSelf.
ExitReason ReasonOf(const Step& step);

}  // namespace hydra::model

#endif  // HYDRA_PROCESS_MODEL_PROGRAM_H_
