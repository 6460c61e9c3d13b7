// OtherProcess: another OS process, for the workloads between several of them.
//
//   OtherProcess other([](Parent parent) { ...; parent.ServeAt(address); });
//   Connect(other.address());
#ifndef HYDRA_BENCHMARKS_OTHER_PROCESS_H_
#define HYDRA_BENCHMARKS_OTHER_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <string_view>

namespace hydra::benchmarks {

// What the other process knows of the one that has forked it.
class Parent {
 public:
  explicit Parent(int lifeline) : lifeline_(lifeline) {}

  // Says where this process is found, and ends it, without ado, when the parent has ended.
  [[noreturn]] void ServeAt(std::string_view address) const;

 private:
  int lifeline_;  // a socket
};

class OtherProcess {
 public:
  // Forks, so this process mustn't have threads yet. The other one calls `live`, which ends
  // by ServeAt. Returns when it has been told where that one is found. One that is forked later
  // holds the lifelines of those before: when this process dies, the last ends first.
  explicit OtherProcess(void (*live)(Parent parent));
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;
  // Kills it.
  ~OtherProcess();

  const std::string& address() const { return address_; }

 private:
  pid_t pid_ = 0;
  int lifeline_ = -1;  // its other end is in the other process
  std::string address_;
};

}  // namespace hydra::benchmarks

#endif  // HYDRA_BENCHMARKS_OTHER_PROCESS_H_
