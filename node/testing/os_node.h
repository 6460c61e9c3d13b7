// OsNode: a node that is an OS process of its own, with its residents, in a test that kills and stops it.
//
//   hydra::node_testing::OsNode peer({.name = "peer"});
//   co_await Request(Dest("echo", peer.name()), Echo{"hello"});
//   peer.Kill();
#ifndef HYDRA_NODE_TESTING_OS_NODE_H_
#define HYDRA_NODE_TESTING_OS_NODE_H_

#include <string>
#include <vector>

#include "hydra/application/testing/child_program.h"
#include "hydra/node/node_options.h"

namespace hydra::node_testing {

// Thread safety: one thread at a time.
class OsNode {
 public:
  // Starts it, and waits until it has begun to listen, and then until it has dialled `connect`, if that is a node. Of the
  // options it gets name, listen, advertise, cookie, hidden, the times and max_message_bytes; it has the cookie of all
  // test nodes unless told otherwise. With a citizen (citizen.h) if told so. A failure fails the test.
  explicit OsNode(const NodeOptions& options, const std::string& connect = {},
                  bool is_citizen = false);

  const std::string& name() const { return name_; }
  // What came of dialling `connect`: "OK", or why not.
  const std::string& connected() const { return connected_; }

  // What it has logged so far.
  std::string log() const { return program_.errors(); }

  // Each returns when it has happened: by SIGKILL, SIGSTOP and SIGCONT.
  void Kill();
  void Stop();
  void Continue();

 private:
  std::string LineAfter(const std::string& word);

  ChildProgram program_;  // killed in its destructor, also when it is stopped
  std::string name_;
  std::string connected_;
};

}  // namespace hydra::node_testing

#endif  // HYDRA_NODE_TESTING_OS_NODE_H_
