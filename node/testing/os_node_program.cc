// The program of an OsNode. It ends with its parent, if that doesn't end it.
#include <sys/prctl.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/citizen.h"
#include "hydra/node/testing/residents.h"
#include "hydra/process/process.h"

namespace {

absl::Duration DurationOf(std::string_view text) {
  absl::Duration duration;
  HYDRA_CHECK(absl::ParseDuration(std::string(text), &duration)) << text;
  return duration;
}

size_t SizeOf(std::string_view text) {
  size_t size = 0;
  HYDRA_CHECK(absl::SimpleAtoi(std::string(text), &size)) << text;
  return size;
}

struct Nothing {};  // that nobody sends

}  // namespace

int main(int argc, char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  HYDRA_CHECK_EQ(argc, 11);
  hydra::Runtime runtime({.schedulers = 2});
  hydra::node_testing::MoveIn(runtime);
  if (std::string_view(argv[10]) == "citizen") hydra::node_testing::SpawnCitizen(runtime);
  absl::StatusOr<hydra::Node> node =
      hydra::Node::Start(runtime, {.name = argv[1],
                                   .listen = argv[2],
                                   .advertise = argv[3],
                                   .cookie = argv[4],
                                   .hidden = std::string_view(argv[5]) == "hidden",
                                   .handshake_timeout = DurationOf(argv[6]),
                                   .tick_time = DurationOf(argv[7]),
                                   .max_message_bytes = SizeOf(argv[8])});
  if (!node.ok()) {
    std::cerr << node.status() << "\n";
    return 1;
  }
  std::cout << "name " << node->name() << "\n" << std::flush;
  const std::string connect = argv[9];
  runtime.Run([&node, connect]() -> hydra::Async<> {
    if (!connect.empty()) {
      const absl::Status connected = co_await node->Connect(connect);
      std::cout << "connected " << connected << "\n" << std::flush;
    }
    co_await hydra::Receive<Nothing>();
  });
}
