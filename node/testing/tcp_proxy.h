// TcpProxy: a way to a node that tests listen in on, make slow, let fall silent, and cut. Needs no privileges.
//
//   const int port = UnusedPort();                                     // see loopback.h
//   TcpProxy proxy(port);
//   LocalNode b("b", {.listen = At(port), .advertise = proxy.address()});    // others dial the proxy
//   proxy.Stall(TcpProxy::Way::kFromTarget);                              // b isn't heard any more
//   proxy.Heal();
//
// What b itself dials doesn't go by it.
#ifndef HYDRA_NODE_TESTING_TCP_PROXY_H_
#define HYDRA_NODE_TESTING_TCP_PROXY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "hydra/base/mutex.h"

namespace hydra::node_testing {

// Thread safety: any thread.
class TcpProxy {
 public:
  enum class Way : uint8_t { kToTarget, kFromTarget };
  enum class Ending : uint8_t { kClose, kReset };  // by FIN, by RST

  // Leads to that port of 127.0.0.1.
  explicit TcpProxy(int port);
  // Resets all that goes by it.
  ~TcpProxy();

  // 127.0.0.1:port
  std::string address() const;

  // Each holds until Heal.
  // Nothing goes that way, not even an end; what is sent waits.
  void Stall(Way way);
  // So many bytes a second go each way.
  void Throttle(int64_t bytes_per_second);
  // All takes so much longer, each way.
  void Delay(absl::Duration delay);
  // All connections end, and new ones at once.
  void Cut(Ending ending);
  void Heal();

  // How many connections go by it.
  size_t connections() const;

  // Writes down what goes by connections that are made from now on.
  void Tap();
  // Whether that has gone by one that is tapped, one way or the other.
  bool Heard(std::string_view text) const;

 private:
  struct Chunk {
    absl::Time due;
    std::string bytes;
  };
  // One way of a connection.
  struct Pipe {
    Pipe(int from, int to) : from(from), to(to) {}
    int from;
    int to;
    std::deque<Chunk> chunks;
    size_t waiting = 0;  // bytes
    bool has_ended = false;
    bool has_told_end = false;
    std::string* heard = nullptr;  // if it is tapped
  };
  struct Connection {
    Connection(int dialler, int target) : pipes{Pipe(dialler, target), Pipe(target, dialler)} {}
    void Close(Ending ending) const;
    std::array<Pipe, 2> pipes;  // by Way
    bool is_broken = false;
  };
  struct Conditions {
    std::array<bool, 2> stalled = {false, false};  // by Way
    int64_t bytes_per_second = 0;                  // 0: no limit
    absl::Duration delay;
    bool is_cut = false;
  };

  void Run();
  void Accept() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Allow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Carry() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Carry(Connection& connection, size_t way) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether there is room; whether something may go.
  bool Takes(const Pipe& pipe, size_t way) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Gives(const Pipe& pipe, size_t way) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Change(const Conditions& conditions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int port_;
  const int listener_;
  const int waker_;
  mutable Mutex mutex_;
  bool is_over_ ABSL_GUARDED_BY(mutex_) = false;
  Conditions conditions_ ABSL_GUARDED_BY(mutex_);
  std::array<double, 2> allowance_ ABSL_GUARDED_BY(mutex_) = {};  // bytes that may go now, by Way
  absl::Time allowed_at_ ABSL_GUARDED_BY(mutex_);
  std::list<Connection> connections_ ABSL_GUARDED_BY(mutex_);
  bool is_tapped_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<std::string> heard_ ABSL_GUARDED_BY(mutex_);  // of each way of a connection
  std::thread thread_;
};

}  // namespace hydra::node_testing

#endif  // HYDRA_NODE_TESTING_TCP_PROXY_H_
