#include "hydra/process/model/state.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hydra::model {
namespace {

std::string ToString(const Note& note) {
  const std::string number = std::to_string(note.number);
  const std::string from = " from p" + std::to_string(note.from);
  const std::string ref = note.ref < 0 ? "" : " r" + std::to_string(note.ref);
  switch (note.what) {
    case Note::What::kDid:
      return number + (note.text.empty() ? "" : "=") + note.text;
    case Note::What::kMessage:
      return "message " + number + from + ref;
    case Note::What::kAsked:
      return "asked " + number + from + ref;
    case Note::What::kExit:
      return "exit" + from + ": " + note.text;
    case Note::What::kDown:
      return "down" + from + ref + ": " + note.text;
  }
  return "";
}

std::string ToString(std::string_view name, const std::multiset<int>& processes) {
  if (processes.empty()) return "";
  std::string text = ", " + std::string(name);
  for (const int process : processes) text += " p" + std::to_string(process);
  return text;
}

bool IsExitOrDown(const Note& note) {
  return note.what == Note::What::kExit || note.what == Note::What::kDown;
}

}  // namespace

std::string ToString(const State& state) {
  if (!state.alive) return "dead";
  std::string text = "alive";
  if (state.traps) text += ", traps";
  if (!state.name.empty()) text += ", named " + state.name;
  if (state.unread > 0) text += ", unread " + std::to_string(state.unread);
  text += ToString("links", state.links) + ToString("monitors", state.monitors) +
          ToString("monitored by", state.monitored_by) + "; notes";
  for (const Note& note : state.notes) text += " [" + ToString(note) + "]";
  return text;
}

void SortExitsAndDowns(std::vector<Note>& notes) {
  for (auto at = notes.begin(); at != notes.end();) {
    const auto end = std::find_if_not(at, notes.end(), IsExitOrDown);
    std::sort(at, end);
    at = std::find_if(end, notes.end(), IsExitOrDown);
  }
}

}  // namespace hydra::model
