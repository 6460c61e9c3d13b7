// A program that is run by the real runtime, by hand or on threads.
//
//   Run run(/*seed=*/7);                         // by hand; on two threads without a seed
//   for (size_t i = 0; i < program.size(); ++i) {
//     run.Do(i, program[i]);                     // has it done soon
//     std::string wrong = run.Settle(check);     // when it and all that follows from it is done
//   }
//
// Each process of the program is one that is sent its steps as messages, and leaves all others in its
// mailbox until it is to read them.
#ifndef HYDRA_PROCESS_MODEL_RUN_H_
#define HYDRA_PROCESS_MODEL_RUN_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hydra/process/model/program.h"
#include "hydra/process/model/state.h"
#include "hydra/process/runtime.h"
#include "hydra/process/testing/manual_runtime.h"

namespace hydra::model {

struct World;

class Run {
 public:
  explicit Run(std::optional<uint64_t> seed);
  ~Run();

  // `number` is the step's in its program. Nothing is done if its process is dead
  // by then, or not there yet.
  void Do(int number, const Step& step);

  // Lets everything come to its end, and returns what `check` says of it. On threads a process can be
  // dead and not have told everyone yet, so there it asks again while `check` says anything.
  std::string Settle(const std::function<std::string(const States&)>& check);

  // Of all processes by their numbers, the dead ones too.
  std::vector<std::vector<Note>> Notes() const;

 private:
  States Look();
  // Whether each living process has done its steps.
  bool IsIdle(const States& states) const;

  const std::unique_ptr<World> world_;  // outlives the processes
  std::unique_ptr<Runtime> runtime_;
  ManualRuntime* by_hand_ = nullptr;
};

}  // namespace hydra::model

#endif  // HYDRA_PROCESS_MODEL_RUN_H_
