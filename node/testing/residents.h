// Residents: processes that tests find on each node, and what can be asked of them.
//
//   hydra::LocalNode here("here", {}, hydra::node_testing::MoveIn);
//
//   co_await Request(Dest("echo", node), Echo{"hello"});            // elsewhere
//   co_await Request(Dest("landlord", node), Populate{10'000});
#ifndef HYDRA_NODE_TESTING_RESIDENTS_H_
#define HYDRA_NODE_TESTING_RESIDENTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hydra/process/pid.h"
#include "hydra/process/runtime.h"

namespace hydra::node_testing {

// Of "echo", which says the same.
struct Echo {
  static constexpr std::string_view kWireName = "test.Echo";
  using Reply = std::string;
  std::string text;
};

// Of "landlord", which also takes a Watch (witness.h): spawns processes that take a Riddle, and never answer.
struct Populate {
  static constexpr std::string_view kWireName = "test.Populate";
  using Reply = std::vector<Pid>;
  int64_t count;
  bool trap_exits = true;
};

// To "log", which also has MonitorNodes on.
struct Note {
  static constexpr std::string_view kWireName = "test.Note";
  std::string text;
};

// Of "log": "up <node>", "down <node>" and notes, in the order in which they came. Answered when there are so many.
struct ReadLog {
  static constexpr std::string_view kWireName = "test.ReadLog";
  using Reply = std::vector<std::string>;
  int64_t count = 0;
};

// Of "landlord": sends a Note to the "log" of another node.
struct Greet {
  static constexpr std::string_view kWireName = "test.Greet";
  using Reply = void;
  std::string node;
  std::string text;
};

// To "sink".
struct Bulk {
  static constexpr std::string_view kWireName = "test.Bulk";
  std::string sender;
  int64_t number;
  std::string bytes;

  // One whose bytes show who has sent which.
  static Bulk Make(const std::string& sender, int64_t number, size_t size);
  bool IsWhole() const;
};

// Of "sink": what has come, sender and number, in that order. Answered when so many have.
struct ReadSink {
  static constexpr std::string_view kWireName = "test.ReadSink";
  using Reply = std::vector<std::pair<std::string, int64_t>>;
  int64_t count;
};

// Spawns them in a runtime; "log" misses no node that comes later.
void MoveIn(Runtime& runtime);

}  // namespace hydra::node_testing

#endif  // HYDRA_NODE_TESTING_RESIDENTS_H_
