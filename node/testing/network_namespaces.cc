#include "hydra/node/testing/network_namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "hydra/base/check.h"

namespace hydra::node_testing {
namespace {

constexpr int kHandedDown = 9;  // where a command finds the namespace that it is told of

std::string& WhatIsMissing() {
  static std::string& missing = *new std::string(
      "OwnNetwork isn't among the test's environments: testing::AddGlobalTestEnvironment");
  return missing;
}

// Whether the command has done it. It is one of iproute2's: `ip` or `tc`.
bool Command(const std::string& line, int handed_down = -1) {
  std::vector<std::string> words = absl::StrSplit(line, ' ');
  const std::string path = absl::StrCat("/sbin/", words[0]);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (handed_down != -1) posix_spawn_file_actions_adddup2(&actions, handed_down, kHandedDown);
  pid_t pid = -1;
  const bool has_begun =
      posix_spawn(&pid, path.c_str(), &actions, nullptr, argv.data(), environ) == 0;
  posix_spawn_file_actions_destroy(&actions);
  int status = -1;
  return has_begun && waitpid(pid, &status, 0) == pid && status == 0;
}

void MustCommand(const std::string& line, int handed_down = -1) {
  EXPECT_TRUE(Command(line, handed_down)) << line;
}

bool Write(const char* path, const std::string& text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  const bool is_written =
      write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(file);
  return is_written;
}

int CurrentNamespace() {
  const int file = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  HYDRA_CHECK_GE(file, 0);
  return file;
}

std::string Enter() {
  for (const char* program : {"/sbin/ip", "/sbin/tc"}) {
    if (access(program, X_OK) != 0)
      return absl::StrCat("There is no ", program, ": apt-get install iproute2");
  }
  const uid_t uid = getuid();
  const gid_t gid = getgid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
    return absl::StrCat("This machine gives no namespaces to a test (unshare: ", strerror(errno),
                        "): sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "
                        "kernel.apparmor_restrict_unprivileged_userns; a container needs "
                        "--security-opt seccomp=unconfined");
  }
  if (!Write("/proc/self/setgroups", "deny") ||
      !Write("/proc/self/uid_map", absl::StrCat("0 ", uid, " 1")) ||
      !Write("/proc/self/gid_map", absl::StrCat("0 ", gid, " 1")))
    return "This machine gives no user namespaces to a test: it can't map its user";
  if (!Command("ip link set lo up") || !Command("ip link add bridge type bridge") ||
      !Command(absl::StrCat("ip address add ", NetworkNamespaces::kBridge, "/24 dev bridge")) ||
      !Command("ip link set bridge up"))
    return "This kernel has no bridges: modprobe bridge";
  if (!Command("ip link add probe type veth peer name probed"))
    return "This kernel has no veth pairs: modprobe veth";
  if (!Command("tc qdisc add dev probe root tbf rate 1mbit burst 16kb latency 50ms"))
    return "This kernel has no token bucket filter: modprobe sch_tbf";
  Command("ip link delete probe");
  return "";
}

std::string PortOf(int machine) { return absl::StrCat("port", machine); }

}  // namespace

void OwnNetwork::SetUp() { WhatIsMissing() = Enter(); }

const std::string& OwnNetwork::Missing() { return WhatIsMissing(); }

NetworkNamespaces::NetworkNamespaces(int machines) : home_(CurrentNamespace()) {
  for (int machine = 0; machine < machines; ++machine) {
    HYDRA_CHECK_EQ(unshare(CLONE_NEWNET), 0);
    machines_.push_back(CurrentNamespace());
    HYDRA_CHECK_EQ(setns(home_, CLONE_NEWNET), 0);
    MustCommand(absl::StrCat("ip link add ", PortOf(machine),
                             " type veth peer name uplink netns /proc/self/fd/", kHandedDown),
                machines_[static_cast<size_t>(machine)]);
    MustCommand(absl::StrCat("ip link set ", PortOf(machine), " master bridge up"));
    Within(machine, [machine] {
      MustCommand("ip link set lo up");
      MustCommand(absl::StrCat("ip address add ", address(machine), "/24 dev uplink"));
      MustCommand("ip link set uplink up");
    });
  }
}

NetworkNamespaces::~NetworkNamespaces() {
  for (size_t machine = 0; machine < machines_.size(); ++machine) {
    MustCommand(absl::StrCat("ip link delete ", PortOf(static_cast<int>(machine))));
    close(machines_[machine]);
  }
  close(home_);
}

std::string NetworkNamespaces::address(int machine) {
  return absl::StrCat("10.77.0.", 10 + machine);
}

void NetworkNamespaces::Within(int machine, const std::function<void()>& body) {
  HYDRA_CHECK_EQ(setns(machines_[static_cast<size_t>(machine)], CLONE_NEWNET), 0);
  body();
  HYDRA_CHECK_EQ(setns(home_, CLONE_NEWNET), 0);
}

void NetworkNamespaces::LinkDown(int machine) {
  MustCommand(absl::StrCat("ip link set ", PortOf(machine), " down"));
}

void NetworkNamespaces::LinkUp(int machine) {
  MustCommand(absl::StrCat("ip link set ", PortOf(machine), " up"));
}

void NetworkNamespaces::Blackhole(int machine, const std::string& address) {
  Within(machine, [&address] { MustCommand(absl::StrCat("ip route add blackhole ", address)); });
}

void NetworkNamespaces::EndBlackhole(int machine, const std::string& address) {
  Within(machine, [&address] { MustCommand(absl::StrCat("ip route delete blackhole ", address)); });
}

void NetworkNamespaces::Throttle(int machine, int kilobits_per_second) {
  const std::string filter =
      absl::StrCat(" root tbf rate ", kilobits_per_second, "kbit burst 64kb latency 100ms");
  MustCommand(absl::StrCat("tc qdisc replace dev ", PortOf(machine), filter));
  Within(machine, [&filter] { MustCommand(absl::StrCat("tc qdisc replace dev uplink", filter)); });
}

void NetworkNamespaces::EndThrottle(int machine) {
  MustCommand(absl::StrCat("tc qdisc delete dev ", PortOf(machine), " root"));
  Within(machine, [] { MustCommand("tc qdisc delete dev uplink root"); });
}

}  // namespace hydra::node_testing
