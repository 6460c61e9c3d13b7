// StandardAnswers: what a node answers to gRPC's standard questions, which anybody may ask: is it healthy, and what does it
// serve. Nothing of the program but what nodes have in common: the answers are the same for all.
#ifndef HYDRA_NODE_INTERNAL_STANDARD_ANSWERS_H_
#define HYDRA_NODE_INTERNAL_STANDARD_ANSWERS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hydra::node_internal {

enum class StandardMethod : uint8_t { kCheck, kWatch, kReflect };

// Thread safety: a value.
class StandardAnswers {
 public:
  StandardAnswers(bool health_service, bool reflection)
      : health_service_(health_service), reflection_(reflection) {}

  // That of the path "/service/method", if it is served.
  std::optional<StandardMethod> MethodOf(std::string_view path) const;

  // The message that answers `request`; an error ends the call.
  absl::StatusOr<std::string> Answer(StandardMethod method, const std::string& request,
                                     bool is_serving) const;

 private:
  const bool health_service_;
  const bool reflection_;
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_STANDARD_ANSWERS_H_
