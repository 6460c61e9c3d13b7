// Citizen: a process that makes its node part of a cluster: it keeps connected with others, is in groups that span nodes,
// and lives: calls, monitors and ends processes of the others, sends them much, and writes down what comes of it.
//
//   OsNode peer({.name = "peer"}, "", true);
//   co_await Request(Dest("citizen", node), Live{.seed = 7, .peers = {...}, .journal = path});
//   co_await Request(Dest("citizen", node), Settle{});
//
// A journal has lines "<what> <number>[ <more>]", each written at once, so that they outlive a kill: "monitor 7" and
// "down 7 killed", "call 8" and "outcome 8 OK", and "stray <type>" for what nobody should be sent.
#ifndef HYDRA_NODE_TESTING_CITIZEN_H_
#define HYDRA_NODE_TESTING_CITIZEN_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "hydra/process/pid.h"
#include "hydra/process/runtime.h"

namespace hydra::node_testing {

// Of "citizen": begins to live, until Settle; nothing if it has been told the same before.
struct Live {
  static constexpr std::string_view kWireName = "test.Live";
  using Reply = void;
  int64_t seed;
  std::vector<std::string> peers;
  std::string journal;  // a path; added to
};

// Of "citizen": answered when all that it has monitored has ended, and it has been told; or some seconds later.
struct Settle {
  static constexpr std::string_view kWireName = "test.Settle";
  using Reply = void;
};

struct Census {
  static constexpr std::string_view kWireName = "test.Census";
  int64_t processes = 0;
  int64_t links = 0;
  int64_t monitors = 0;
  int64_t monitored_by = 0;
  int64_t files = 0;

  friend bool operator==(const Census&, const Census&) = default;
};
std::ostream& operator<<(std::ostream& out, const Census& census);

// Of "citizen": what there is in its OS process.
struct TakeCensus {
  static constexpr std::string_view kWireName = "test.TakeCensus";
  using Reply = Census;
};

// Of "citizen": the members of a group. All citizens are in "all"; living they join and leave "changing".
struct ReadGroup {
  static constexpr std::string_view kWireName = "test.ReadGroup";
  using Reply = std::vector<Pid>;
  std::string group;
};

// Of "observer0" and "observer1": which nodes have come and gone, "up <node>" and "down <node>", since its node began.
struct ReadNodeEvents {
  static constexpr std::string_view kWireName = "test.ReadNodeEvents";
  using Reply = std::vector<std::string>;
};

// Spawns them; to be called before the runtime is a node.
void SpawnCitizen(Runtime& runtime);

}  // namespace hydra::node_testing

#endif  // HYDRA_NODE_TESTING_CITIZEN_H_
