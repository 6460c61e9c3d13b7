#include "hydra/process/model/model.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hydra/process/exit_reason.h"
#include "hydra/process/model/program.h"
#include "hydra/process/model/state.h"

namespace hydra::model {
namespace {

bool EndsWithMonitor(std::string_view alias) { return alias == "demonitor" || alias == "reply"; }
bool EndsByMessage(std::string_view alias) { return alias == "one message" || alias == "reply"; }

std::string YesOrNo(bool yes) { return yes ? "yes" : "no"; }

std::string Number(int process) { return "p" + std::to_string(process); }

}  // namespace

Model::Model() {
  for (int i = 0; i < kRoots; ++i) processes_[i].spawned = processes_[i].alive = true;
}

bool Model::CanDo(const Step& step) const {
  if (step.op == Op::kAdvance || step.op == Op::kSettle) return true;
  return processes_[step.who].alive && !processes_[step.who].asks;
}

void Model::Do(int number, const Step& step) {
  if (step.op == Op::kAdvance) return Advance();
  if (step.op == Op::kSettle) return;
  if (step.op == Op::kRequest) return Ask(number, step);
  const std::string text = Perform(number, step);
  Process& process = processes_[step.who];
  if (process.alive)
    process.notes.push_back({.what = Note::What::kDid, .number = number, .text = text});
}

std::string Model::Perform(int number, const Step& step) {
  const int who = step.who;
  Process& self = processes_[who];
  switch (step.op) {
    case Op::kSpawn:
      return Spawn(step);
    case Op::kLink:  // LNK1
      if (step.index == who) return "";
      if (!processes_[step.index].alive) {
        SendExit(Addressee(step).value_or(-1), who, ExitReason::NoProc(), /*by_link=*/true);
      } else {
        self.links.insert(step.index);
        processes_[step.index].links.insert(who);
      }
      return "";
    case Op::kUnlink:  // LNK2
      self.links.erase(step.index);
      processes_[step.index].links.erase(who);
      return "";
    case Op::kMonitor:
      return AddMonitor(number, step);
    case Op::kDemonitor:
      return Demonitor(step);
    case Op::kExit:
      SendExit(who, step.index, ReasonOf(step), /*by_link=*/false);
      return "";
    case Op::kExitSelf:
      Die(who, ReasonOf(step));
      return "";
    case Op::kTrapExit:  // PRC2
      return YesOrNo(std::exchange(self.traps, step.word == "yes"));
    case Op::kSend: {  // NAM6
      const bool sent = step.to != To::kName || Addressee(step).has_value();
      Deliver(step, Note::What::kMessage, number);
      return YesOrNo(sent);
    }
    case Op::kRead:
      Read(step);
      return "";
    case Op::kRelease:
      for (const Note& request : std::exchange(self.held, {}))
        Answer(request,
               step.word == "answer" ? "answer to " + std::to_string(request.number) : "dropped");
      return "";
    case Op::kMakeAlias:
      makers_[step.made] = who;
      aliases_[step.made] = {.owner = who, .mode = step.word};
      return "";
    case Op::kUnalias: {  // ALI3
      const auto alias = aliases_.find(step.index);
      if (alias == aliases_.end() || alias->second.owner != who) return "no";
      aliases_.erase(alias);
      return "yes";
    }
    case Op::kSendAfter:
      if (const auto to = Addressee(step);
          step.to == To::kName || (to.has_value() && processes_[*to].alive))
        timers_[step.made] = {.due = now_ + DelayOf(step), .step = step, .number = number};
      makers_[step.made] = who;
      return "";
    case Op::kCancelTimer:
      return CancelTimer(step);
    case Op::kRegister:
      return Register(step.index, step.word);
    case Op::kUnregister:  // NAM5
      return YesOrNo(names_.erase(kNames[step.index]) > 0);
    case Op::kWhereIs: {
      const std::optional<int> holder = Addressee(step);
      return holder.has_value() ? Number(*holder) : "nobody";
    }
    case Op::kRequest:
    case Op::kYield:
    case Op::kAdvance:
    case Op::kSettle:
      break;
  }
  return "";
}

// LNK5, PRC1.
std::string Model::Spawn(const Step& step) {
  const bool named = std::ranges::count(kNames, step.word) > 0;
  Process& child = processes_[step.index];
  child.spawned = child.alive = true;
  if (named && Register(step.index, step.word) == "no") {
    child = Process();
    return "no";
  }
  if (named || step.word == "linked") {
    child.links.insert(step.who);
    processes_[step.who].links.insert(step.index);
  }
  if (named || step.word == "monitored") {
    makers_[step.made] = step.who;
    monitors_[step.made] = {.owner = step.who, .target = step.index, .text = ", tag 0"};
  }
  return "yes";
}

std::string Model::AddMonitor(int number, const Step& step) {
  makers_[step.made] = step.who;
  if (step.word != "no alias") aliases_[step.made] = {.owner = step.who, .mode = step.word};
  const int target = Addressee(step).value_or(-1);
  if (target == step.who) return "";  // MON5
  Monitor monitor = {.owner = step.who, .target = target};
  monitor.text = ", tag " + std::to_string(number);
  if (step.to == To::kName) monitor.text += ", named " + std::string(kNames[step.index]);
  if (target >= 0 && processes_[target].alive) {
    monitors_[step.made] = monitor;
  } else {
    AddDown(step.made, monitor, ExitReason::NoProc());  // MON3
  }
  return "";
}

// MON6, ALI4. A monitor of oneself isn't active.
std::string Model::Demonitor(const Step& step) {
  const int ref = step.index;
  const auto maker = makers_.find(ref);
  if (maker == makers_.end() || maker->second != step.who) return "no";
  if (const auto alias = aliases_.find(ref);
      alias != aliases_.end() && EndsWithMonitor(alias->second.mode))
    aliases_.erase(alias);
  if (monitors_.erase(ref) > 0) return "yes";
  if (step.word == "flush")
    std::erase_if(processes_[step.who].mailbox, [ref](const Note& note) {
      return note.what == Note::What::kDown && note.ref == ref;
    });
  return "no";
}

// NAM1.
std::string Model::Register(int process, std::string_view name) {
  const bool can = processes_[process].alive && !names_.contains(name) &&
                   std::ranges::none_of(
                       names_, [process](const auto& named) { return named.second == process; });
  if (can) names_[name] = process;
  return YesOrNo(can);
}

// TMR2, TMR3.
std::string Model::CancelTimer(const Step& step) {
  const auto timer = timers_.find(step.index);
  if (timer == timers_.end() || timer->second.step.op != Op::kSendAfter) return "gone";
  const int left = timer->second.due - now_;
  if (step.word == "cancel") timers_.erase(timer);
  return std::to_string(left / kHalfAnHour);
}

void Model::Ask(int number, const Step& step) {
  const Note request = {.what = Note::What::kAsked, .number = number, .ref = step.made};
  processes_[step.who].asks = true;
  requests_[step.made] = step.who;
  if (Addressee(step) == step.who) return Answer(request, "itself");
  if (!Deliver(step, Note::What::kAsked, number)) return Answer(request, "ended: noproc");
  timers_[step.made] = {.due = now_ + DelayOf(step), .step = step, .number = number};
}

void Model::Read(const Step& step) {
  Process& self = processes_[step.who];
  for (const Note& note : std::exchange(self.mailbox, {})) {
    self.notes.push_back(note);
    if (note.what != Note::What::kAsked) continue;
    if (step.word == "answer") Answer(note, "answer to " + std::to_string(note.number));
    if (step.word == "drop") Answer(note, "dropped");
    if (step.word == "hold") self.held.push_back(note);
  }
}

void Model::Answer(const Note& request, const std::string& outcome) {
  const auto waiting = requests_.find(request.ref);
  if (waiting == requests_.end()) return;
  Process& asker = processes_[waiting->second];
  asker.asks = false;
  asker.notes.push_back({.what = Note::What::kDid, .number = request.number, .text = outcome});
  requests_.erase(waiting);
  timers_.erase(request.ref);
}

// TMR4, TMR6.
void Model::Advance() {
  now_ += 2 * kHalfAnHour;
  for (;;) {
    const auto first =
        std::ranges::min_element(timers_, {}, [](const auto& timer) { return timer.second.due; });
    if (first == timers_.end() || first->second.due > now_) return;
    const auto [ref, timer] = *first;
    timers_.erase(first);
    if (timer.step.op == Op::kSendAfter) {
      Deliver(timer.step, Note::What::kMessage, timer.number);
    } else {
      Answer({.what = Note::What::kAsked, .number = timer.number, .ref = ref}, "late");
    }
  }
}

std::optional<int> Model::Addressee(const Step& step) const {
  if (step.to == To::kPid)
    return processes_[step.index].spawned ? std::optional(step.index) : std::nullopt;
  if (step.to == To::kName) {
    const auto named = names_.find(kNames[step.index]);
    return named == names_.end() ? std::nullopt : std::optional(named->second);
  }
  const auto maker = makers_.find(step.index);
  return maker == makers_.end() ? std::nullopt : std::optional(maker->second);
}

// ALI1, ALI2, ALI4.
bool Model::Deliver(const Step& step, Note::What what, int number) {
  const std::optional<int> to = Addressee(step);
  if (!to.has_value() || !processes_[*to].alive) return false;
  Note note = {.what = what, .number = number, .from = step.who};
  if (step.to == To::kRef) {
    note.ref = step.index;
    const auto alias = aliases_.find(step.index);
    if (alias == aliases_.end()) return false;
    if (alias->second.mode == "reply") monitors_.erase(step.index);
    if (EndsByMessage(alias->second.mode)) aliases_.erase(alias);
  }
  if (what == Note::What::kAsked) note.ref = step.made;
  processes_[*to].mailbox.push_back(note);
  return true;
}

void Model::AddDown(int ref, const Monitor& monitor, const ExitReason& reason) {
  const auto alias = aliases_.find(ref);
  if (alias != aliases_.end() && EndsWithMonitor(alias->second.mode)) aliases_.erase(alias);
  processes_[monitor.owner].mailbox.push_back({.what = Note::What::kDown,
                                               .from = monitor.target,
                                               .ref = ref,
                                               .text = reason.ToString() + monitor.text});
}

// The table of §2.1.
void Model::SendExit(int from, int to, const ExitReason& reason, bool by_link) {
  Process& process = processes_[to];
  if (!process.alive) return;
  if (!by_link && reason == ExitReason::Kill()) return Die(to, ExitReason::Killed());
  if (process.traps)
    return process.mailbox.push_back(
        {.what = Note::What::kExit, .from = from, .text = reason.ToString()});
  if (reason == ExitReason::Normal() && (by_link || from != to)) return;
  Die(to, reason);
}

// LNK9, SIG9, ALI6, MON7, TMR4, GS14.
void Model::Die(int process, const ExitReason& reason) {
  const Process dead = std::exchange(processes_[process], {.spawned = true});
  std::erase_if(names_, [&](const auto& named) { return named.second == process; });
  std::erase_if(aliases_, [&](const auto& alias) { return alias.second.owner == process; });
  std::erase_if(monitors_, [&](const auto& monitor) { return monitor.second.owner == process; });
  std::erase_if(requests_, [&](const auto& request) { return request.second == process; });
  std::erase_if(timers_, [&](const auto& timer) {
    const Step& step = timer.second.step;
    if (step.op == Op::kRequest) return !requests_.contains(timer.first);
    return step.to != To::kName && Addressee(step) == process;
  });
  for (const int partner : dead.links) processes_[partner].links.erase(process);
  for (const int partner : dead.links) SendExit(process, partner, reason, /*by_link=*/true);
  for (const auto& [ref, monitor] : monitors_) {
    if (monitor.target == process) AddDown(ref, monitor, reason);
  }
  std::erase_if(monitors_, [&](const auto& monitor) { return monitor.second.target == process; });
  for (const std::vector<Note>* notes : {&dead.mailbox, &dead.held}) {
    for (const Note& note : *notes) {
      if (note.what == Note::What::kAsked) Answer(note, "ended: " + reason.ToString());
    }
  }
}

States Model::Look() const {
  States states(kProcesses);
  for (int i = 0; i < kProcesses; ++i) {
    const Process& process = processes_[i];
    if (!process.alive) continue;
    State& state = states[i];
    state = {.alive = true, .traps = process.traps, .unread = process.mailbox.size()};
    state.links.insert(process.links.begin(), process.links.end());
    state.notes = process.notes;
    SortExitsAndDowns(state.notes);
  }
  for (const auto& [name, process] : names_) states[process].name = name;
  for (const auto& [ref, monitor] : monitors_) {
    states[monitor.owner].monitors.insert(monitor.target);
    states[monitor.target].monitored_by.insert(monitor.owner);
  }
  return states;
}

}  // namespace hydra::model
