// Wiretap: a way to a node on which all bytes are written down.
//
//   Wiretap tap(port);                                          // where b listens
//   LocalNode b("b", {.listen = ..., .advertise = tap.address()});    // others come by the tap
//   ...
//   EXPECT_FALSE(tap.Heard("secret"));
#ifndef HYDRA_NODE_TESTING_WIRETAP_H_
#define HYDRA_NODE_TESTING_WIRETAP_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "hydra/base/mutex.h"

namespace hydra {

// Thread safety: any thread.
class Wiretap {
 public:
  // Leads to that port of 127.0.0.1.
  explicit Wiretap(int port);
  // Cuts all that goes by it.
  ~Wiretap();

  // 127.0.0.1:port
  std::string address() const;

  // What has gone by, in both directions.
  size_t bytes() const;
  bool Heard(std::string_view text) const;

 private:
  void Accept();
  void Carry(int from, int to);

  const int port_;
  const int listener_;
  mutable Mutex mutex_;
  std::vector<std::string> heard_ ABSL_GUARDED_BY(mutex_);  // by sockets
  std::vector<int> sockets_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> carriers_ ABSL_GUARDED_BY(mutex_);
  std::thread acceptor_;
};

}  // namespace hydra

#endif  // HYDRA_NODE_TESTING_WIRETAP_H_
