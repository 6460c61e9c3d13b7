// Witness: a process that has a link, a monitor and a pending request with each of some others, and counts what it is
// told when their node is lost.
//
//   absl::StatusOr<hydra::Pid> witness = co_await Request("landlord", Watch{whom});
//   peer.Kill();
//   absl::StatusOr<Testimony> testimony = co_await Request(*witness, Testify{});
//   EXPECT_EQ(*testimony, (Testimony{.exits = 1, .downs = 1, .failed_calls = 1}));
#ifndef HYDRA_NODE_TESTING_WITNESS_H_
#define HYDRA_NODE_TESTING_WITNESS_H_

#include <cstdint>
#include <ostream>
#include <string_view>
#include <vector>

#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/process/request.h"

namespace hydra::node_testing {

// What a witness asks: nobody answers.
struct Riddle {
  static constexpr std::string_view kWireName = "test.Riddle";
  using Reply = int64_t;
};

// Of "landlord": spawns a witness. Answered when all have been reached. They are of one other node.
struct Watch {
  static constexpr std::string_view kWireName = "test.Watch";
  using Reply = Pid;
  std::vector<Pid> whom;
};

struct Testimony {
  static constexpr std::string_view kWireName = "test.Testimony";
  int64_t exits = 0;  // `noconnection`, once from each
  int64_t downs = 0;
  int64_t failed_calls = 0;
  int64_t wrong = 0;  // a second one, another reason, an answer, a NodeDown before all that

  friend bool operator==(const Testimony&, const Testimony&) = default;
};

std::ostream& operator<<(std::ostream& out, const Testimony& testimony);

// Of a witness.
struct Testify {
  static constexpr std::string_view kWireName = "test.Testify";
  using Reply = Testimony;
  bool when_complete =
      true;  // when all have been lost, and the NodeDown has come; otherwise at once
};

// Its body.
Async<> Witness(std::vector<Pid> whom, ReplyTo<Watch> watch);

}  // namespace hydra::node_testing

#endif  // HYDRA_NODE_TESTING_WITNESS_H_
