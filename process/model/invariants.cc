#include "hydra/process/model/invariants.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hydra/process/model/program.h"
#include "hydra/process/model/state.h"

namespace hydra::model {
namespace {

std::string Name(char kind, int number) { return kind + std::to_string(number); }

// LNK1, LNK4, MON7, NAM1: what binds two processes both know, and nothing binds one to the dead.
std::string CheckBonds(const States& states) {
  std::set<std::string> names;
  for (int who = 0; who < kProcesses; ++who) {
    const State& state = states[who];
    if (!state.name.empty() && !names.insert(state.name).second) return "two are named the same";
    for (const auto* bonds : {&state.links, &state.monitors, &state.monitored_by}) {
      for (const int other : *bonds) {
        if (other < 0 || !states[other].alive) return Name('p', who) + " is bound to the dead";
      }
    }
    for (int other = 0; other < kProcesses; ++other) {
      const std::string both = Name('p', who) + " and " + Name('p', other);
      const size_t links = state.links.count(other);
      if (links > 1 || links != states[other].links.count(who)) return both + " differ on a link";
      if (state.monitors.count(other) != states[other].monitored_by.count(who))
        return both + " differ on a monitor";
    }
  }
  return "";
}

}  // namespace

Step Invariants::StepOf(const Note& note) const {
  return note.what == Note::What::kDid && note.number >= 0 ? program_[note.number] : Step();
}

std::string_view Invariants::AliasOf(int ref) const {
  for (const Step& step : program_) {
    if (step.made == ref && (step.op == Op::kMonitor || step.op == Op::kMakeAlias))
      return step.word;
  }
  return "";
}

std::string Invariants::Check(int number, const States& states, const Notes& notes) {
  for (const std::vector<Note>& of_process : notes) {
    for (const Note& note : of_process) {
      const Step step = StepOf(note);
      if (step.op == Op::kUnalias && note.text == "yes") ended_aliases_.emplace(step.index, number);
    }
  }
  return CheckBonds(states);
}

std::string Invariants::CheckAtEnd(const States& states, const Notes& notes) const {
  for (int who = 0; who < kProcesses; ++who) {
    for (const std::string& wrong : {CheckOrder(notes[who]), CheckRefs(states[who], notes[who])}) {
      if (!wrong.empty()) return Name('p', who) + ": " + wrong;
    }
  }
  return CheckEffects(states, notes);
}

// SIG2, SIG3, SIG5: what a process gets from another comes in order, once, and before its Down. ALI1:
// nothing that was sent after an alias had ended comes by it.
std::string Invariants::CheckOrder(const std::vector<Note>& notes) const {
  std::map<int, int> last;  // steps, by those who did them
  for (const Note& note : notes) {
    if (note.what == Note::What::kDown) last[note.from] = std::numeric_limits<int>::max();
    if (note.what != Note::What::kMessage && note.what != Note::What::kAsked) continue;
    if (const auto before = last.find(note.from);
        before != last.end() && before->second >= note.number)
      return "the message " + std::to_string(note.number) + " came late, or twice";
    last[note.from] = note.number;
    if (const auto ended = ended_aliases_.find(note.ref); note.what == Note::What::kMessage &&
                                                          ended != ended_aliases_.end() &&
                                                          ended->second < note.number)
      return "the message " + std::to_string(note.number) + " came by an alias that had ended";
  }
  return "";
}

// MON1, MON6: each monitor has one Down, or was ended, or is active still. ALI2, ALI4: an alias ends
// by a message or a Down, if it is one that does.
std::string Invariants::CheckRefs(const State& state, const std::vector<Note>& notes) const {
  std::set<int> monitors;
  std::set<int> named;  // monitors that may be of the process itself
  std::set<int> ended;  // aliases
  for (const Note& note : notes) {
    const Step step = StepOf(note);
    const std::string_view alias = AliasOf(note.ref);
    if (step.op == Op::kSpawn && step.word != "plain" && step.word != "linked" &&
        note.text == "yes")
      monitors.insert(step.made);
    if (step.op == Op::kMonitor && step.to == To::kName) named.insert(step.made);
    if (step.op == Op::kMonitor && (step.to == To::kName || step.index != step.who))
      monitors.insert(step.made);
    if (step.op == Op::kDemonitor && (note.text == "yes" || step.word == "flush"))
      monitors.erase(step.index);
    if (note.what == Note::What::kDown) {
      if (monitors.erase(note.ref) == 0) return "no Down was due for " + Name('r', note.ref);
      if (alias == "demonitor" || alias == "reply") ended.insert(note.ref);
    }
    if (note.what == Note::What::kMessage) {
      if (ended.contains(note.ref)) return Name('r', note.ref) + " was used after its end";
      if (alias == "one message" || alias == "reply") ended.insert(note.ref);
      if (alias == "reply") monitors.erase(note.ref);
    }
  }
  const auto at_least =
      std::ranges::count_if(monitors, [&](int ref) { return !named.contains(ref); });
  const size_t active = state.monitors.size();
  if (state.alive && (active < static_cast<size_t>(at_least) || active > monitors.size()))
    return "a Down is missing, or a monitor";
  return "";
}

// SIG6, SIG8, GS13: what was sent to a process that lives has come, who was killed is dead, and an answer
// is that to the request. Of the processes that are there from the beginning.
std::string Invariants::CheckEffects(const States& states, const Notes& notes) const {
  for (const std::vector<Note>& of_process : notes) {
    for (const Note& note : of_process) {
      const Step step = StepOf(note);
      const std::string number = std::to_string(note.number);
      if (step.op == Op::kRequest && note.text.starts_with("answer") &&
          note.text != "answer to " + number)
        return "the request " + number + " got the " + note.text;
      if (step.to != To::kPid || step.index >= kRoots || !states[step.index].alive) continue;
      if (step.op == Op::kExit && step.word == "kill") return Name('p', step.index) + " was killed";
      if (step.op == Op::kSend &&
          std::ranges::none_of(notes[step.index], [&](const Note& received) {
            return received.what == Note::What::kMessage && received.number == note.number;
          }))
        return "the message " + number + " was lost";
    }
  }
  return "";
}

}  // namespace hydra::model
