// What can be seen of processes between two steps: what the model and the runtime are compared by.
#ifndef HYDRA_PROCESS_MODEL_STATE_H_
#define HYDRA_PROCESS_MODEL_STATE_H_

#include <compare>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace hydra::model {

// Something that a process notes: what it did, or what it received.
struct Note {
  enum class What { kDid, kMessage, kAsked, kExit, kDown };

  What what;
  int number = -1;        // of the step that it did, or that sent the message or the request
  int from = -1;          // a process
  int ref = -1;           // of the Down or the request; the alias that the message was sent to
  std::string text = {};  // what came of the step, or the reason

  friend auto operator<=>(const Note&, const Note&) = default;
};

// One process. Of those that are dead, or were never alive, nothing is known.
struct State {
  bool alive = false;
  bool traps = false;
  std::string name = {};
  size_t unread = 0;
  std::multiset<int> links = {};
  std::multiset<int> monitors = {};
  std::multiset<int> monitored_by = {};
  std::vector<Note> notes = {};

  friend bool operator==(const State&, const State&) = default;
};

// By their numbers.
using States = std::vector<State>;

std::string ToString(const State& state);

// Signals from different processes come in any order, and so do a link's and a monitor's from the same
// one: puts Exits and Downs that come one after the other into one order.
void SortExitsAndDowns(std::vector<Note>& notes);

}  // namespace hydra::model

#endif  // HYDRA_PROCESS_MODEL_STATE_H_
