#include "hydra/node/testing/os_node.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hydra/application/testing/child_program.h"
#include "hydra/base/check.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"

namespace hydra::node_testing {
namespace {

// By hydra_node_test's environment.
std::string Program() {
  const char* program = std::getenv("HYDRA_OS_NODE");
  HYDRA_CHECK(program != nullptr) << "HYDRA_OS_NODE says where os_node_program is";
  return program;
}

std::vector<std::string> ArgumentsOf(const NodeOptions& options, const std::string& connect,
                                     bool is_citizen) {
  return {options.name,
          options.listen,
          options.advertise,
          options.cookie.empty() ? kTestCookie : options.cookie,
          options.hidden ? "hidden" : "",
          absl::FormatDuration(options.handshake_timeout),
          absl::FormatDuration(options.tick_time),
          absl::StrCat(options.max_message_bytes),
          connect,
          is_citizen ? "citizen" : ""};
}

}  // namespace

OsNode::OsNode(const NodeOptions& options, const std::string& connect, bool is_citizen)
    : program_(Program(), ArgumentsOf(options, connect, is_citizen)) {
  name_ = LineAfter("name ");
  if (!connect.empty()) connected_ = LineAfter("connected ");
}

std::string OsNode::LineAfter(const std::string& word) {
  if (!program_.WaitFor(word)) return "";
  const size_t begin = program_.output().find(word) + word.size();
  return program_.output().substr(begin, program_.output().find('\n', begin) - begin);
}

void OsNode::Kill() {
  program_.Signal(SIGKILL);
  HYDRA_CHECK_EQ(program_.Wait(), "signal 9");
}

void OsNode::Stop() {
  program_.Signal(SIGSTOP);
  siginfo_t stopped;
  HYDRA_CHECK_EQ(waitid(P_PID, static_cast<id_t>(program_.pid()), &stopped, WSTOPPED), 0);
}

void OsNode::Continue() {
  program_.Signal(SIGCONT);
  siginfo_t continued;
  HYDRA_CHECK_EQ(waitid(P_PID, static_cast<id_t>(program_.pid()), &continued, WCONTINUED), 0);
}

}  // namespace hydra::node_testing
