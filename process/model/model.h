// The model of the processes: what docs/semantics.md says of them, §1 to §8, in the fewest words.
//
//   Model model;
//   for (size_t i = 0; i < program.size(); ++i) model.Do(i, program[i]);
//   States expected = model.Look();
//
// There are no signals on their way here: each step is done, with all that follows from it, before the
// next. So it says what processes come to that do one step at a time.
#ifndef HYDRA_PROCESS_MODEL_MODEL_H_
#define HYDRA_PROCESS_MODEL_MODEL_H_

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hydra/process/exit_reason.h"
#include "hydra/process/model/program.h"
#include "hydra/process/model/state.h"

namespace hydra::model {

class Model {
 public:
  Model();

  // Whether a step's process can do it: one that is dead can't, nor one that waits for an answer.
  bool CanDo(const Step& step) const;

  // `number` is the step's in its program.
  void Do(int number, const Step& step);

  States Look() const;

 private:
  struct Process {
    bool spawned = false;
    bool alive = false;
    bool traps = false;
    bool asks = false;
    std::set<int> links = {};
    std::vector<Note> mailbox = {};
    std::vector<Note> held = {};  // requests that it has read and not answered
    std::vector<Note> notes = {};
  };
  struct Monitor {
    int owner;
    int target;
    std::string text = {};  // what its Down says besides the reason
  };
  struct Alias {
    int owner;
    std::string_view mode;
  };
  // A message that is to be sent, or the end of the time that a request has.
  struct Timer {
    int due;
    Step step;
    int number;
  };

  // Each returns what the process notes of it.
  std::string Perform(int number, const Step& step);
  std::string Spawn(const Step& step);
  std::string AddMonitor(int number, const Step& step);
  std::string Demonitor(const Step& step);
  std::string Register(int process, std::string_view name);
  std::string CancelTimer(const Step& step);

  void Ask(int number, const Step& step);
  void Read(const Step& step);
  // Ends a request, unless it has ended already.
  void Answer(const Note& request, const std::string& outcome);
  void Advance();

  // The process that a step addresses, dead or alive; none if nobody has ever been that.
  std::optional<int> Addressee(const Step& step) const;
  // Puts a message into its addressee's mailbox, unless it is dead or an alias isn't active.
  bool Deliver(const Step& step, Note::What what, int number);

  void AddDown(int ref, const Monitor& monitor, const ExitReason& reason);
  void SendExit(int from, int to, const ExitReason& reason, bool by_link);
  void Die(int process, const ExitReason& reason);

  std::array<Process, kProcesses> processes_;
  std::map<std::string_view, int> names_;
  std::map<int, int> makers_;        // of refs
  std::map<int, Monitor> monitors_;  // by their refs, as are the following
  std::map<int, Alias> aliases_;
  std::map<int, Timer> timers_;
  std::map<int, int> requests_;  // that are waited for, and by whom
  int now_ = 0;                  // seconds
};

}  // namespace hydra::model

#endif  // HYDRA_PROCESS_MODEL_MODEL_H_
