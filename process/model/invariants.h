// What holds of processes that act at the same time, whatever the order. The model can't tell what
// becomes of them, but the pieces must fit.
#ifndef HYDRA_PROCESS_MODEL_INVARIANTS_H_
#define HYDRA_PROCESS_MODEL_INVARIANTS_H_

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hydra/process/model/program.h"
#include "hydra/process/model/state.h"

namespace hydra::model {

// What each process has noted; the dead ones, too.
using Notes = std::vector<std::vector<Note>>;

// Each function says what doesn't hold; nothing if all does.
class Invariants {
 public:
  explicit Invariants(Program program) : program_(std::move(program)) {}

  // When all that was going on has come to its end, after the step `number`.
  std::string Check(int number, const States& states, const Notes& notes);

  // When everyone who lives has read all its messages, too.
  std::string CheckAtEnd(const States& states, const Notes& notes) const;

 private:
  // The step that a process has done by that note; one that settles, if it is another note.
  Step StepOf(const Note& note) const;
  std::string_view AliasOf(int ref) const;

  std::string CheckOrder(const std::vector<Note>& notes) const;
  std::string CheckRefs(const State& state, const std::vector<Note>& notes) const;
  std::string CheckEffects(const States& states, const Notes& notes) const;

  const Program program_;
  std::map<int, int> ended_aliases_;  // to the number of a step after which they had ended
};

}  // namespace hydra::model

#endif  // HYDRA_PROCESS_MODEL_INVARIANTS_H_
