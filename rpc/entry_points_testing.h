// Entry points for the tests of this package.
#ifndef HYDRA_RPC_ENTRY_POINTS_TESTING_H_
#define HYDRA_RPC_ENTRY_POINTS_TESTING_H_

#include <stdexcept>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/process/process.h"
#include "hydra/rpc/entry_point.h"

namespace hydra::rpc_testing {

struct Started {
  static constexpr std::string_view kWireName = "test.Started";
  std::string node;
  Pid pid;
  std::string text;
};
struct Finish {
  static constexpr std::string_view kWireName = "test.Finish";
};

// Says that it has started, waits for Finish, says so.
inline Async<> Report(Pid to, std::string text) {
  Send(to, Started{ThisNode(), Self(), text});
  co_await Receive<Finish>();
  Send(to, std::string("finished"));
}
inline const EntryPoint<Report> kReport("test.Report");

// Ends at once.
inline Async<> Fail(std::string why) {
  throw std::runtime_error(why);
  co_return;
}
inline const EntryPoint<Fail> kFail("test.Fail");

// The results that there are: plain, Async, none, a status, a StatusOr, and one that can't leave the node.
inline int Add(int a, int b) { return a + b; }
inline const EntryPoint<Add> kAdd("test.Add");

inline Async<std::string> WhereAmI() { co_return ThisNode(); }
inline const EntryPoint<WhereAmI> kWhereAmI("test.WhereAmI");

inline void Tell(Pid to, std::string text) { Send(to, text); }
inline const EntryPoint<Tell> kTell("test.Tell");

inline absl::Status Refuse(std::string why) { return absl::PermissionDeniedError(why); }
inline const EntryPoint<Refuse> kRefuse("test.Refuse");

inline absl::StatusOr<int> Half(int number) {
  if (number % 2 != 0) return absl::InvalidArgumentError("odd");
  return number / 2;
}
inline const EntryPoint<Half> kHalf("test.Half");

struct Here {};
inline Here TellHere(Pid to) {
  Send(to, std::string("here"));
  return Here();
}
inline const EntryPoint<TellHere> kTellHere("test.TellHere");

}  // namespace hydra::rpc_testing

#endif  // HYDRA_RPC_ENTRY_POINTS_TESTING_H_
