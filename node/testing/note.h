// What processes of tests say to each other across nodes, and processes that answer.
#ifndef HYDRA_NODE_TESTING_NOTE_H_
#define HYDRA_NODE_TESTING_NOTE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "hydra/process/async.h"
#include "hydra/process/pid.h"

namespace hydra {

struct Note {
  static constexpr std::string_view kWireName = "test.Note";
  std::string text;
  Pid from;
};

struct Square {
  static constexpr std::string_view kWireName = "test.Square";
  using Reply = int64_t;
  int64_t number;
};

// Sends each Note back to whom it is from, as from itself.
Async<> Echo();

// Answers Squares.
Async<> Squares();

// Waits for ever.
Async<> Idle();

}  // namespace hydra

#endif  // HYDRA_NODE_TESTING_NOTE_H_
