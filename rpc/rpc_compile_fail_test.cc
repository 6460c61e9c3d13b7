// What entry points, and those who use them, refuse.
#include <string>
#include <vector>

#include "hydra/process/async.h"
#include "hydra/rpc/entry_point.h"
#include "hydra/rpc/rpc.h"
#include "hydra/rpc/spawn_on.h"

namespace hydra {

struct Here {};

int Length(std::string text);
inline const EntryPoint<Length> kLength("test.Length");
Here Look();
inline const EntryPoint<Look> kLook("test.Look");
int ByReference(const std::string& text);
int ByPointer(int* number);
int OfHere(Here here);

Async<> Use(std::string node) {
  static_cast<void>(co_await rpc::Call(node, kLength, "text"));
  rpc::Cast(node, kLook);

#if defined(REFERENCE_PARAMETER)
  EntryPoint<ByReference> by_reference("test.ByReference");
#elif defined(POINTER_PARAMETER)
  EntryPoint<ByPointer> by_pointer("test.ByPointer");
#elif defined(PARAMETER_WITHOUT_NAME)
  EntryPoint<OfHere> of_here("test.OfHere");
#elif defined(WRONG_ARGUMENT)
  static_cast<void>(co_await rpc::Call(node, kLength, 7));
#elif defined(TOO_FEW_ARGUMENTS)
  static_cast<void>(co_await rpc::Call(node, kLength));
#elif defined(RESULT_THAT_STAYS)
  static_cast<void>(co_await rpc::Call(node, kLook));
#elif defined(SPAWN_OF_A_FUNCTION)
  static_cast<void>(co_await SpawnOn(node, kLength, "text"));
#elif defined(DROPPED_CALL)
  rpc::Call(node, kLength, "text");
#elif defined(DROPPED_PENDING_CALL)
  rpc::SendCall(node, kLength, "text");
#endif
}

}  // namespace hydra
