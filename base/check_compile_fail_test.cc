// What checks and logging refuse.
#ifndef NDEBUG
#define NDEBUG
#endif
#include "hydra/base/check.h"
#include "hydra/base/log.h"

namespace hydra {

struct Opaque {
  bool operator==(const Opaque&) const = default;
};

void Use(Opaque opaque, int number) {
  HYDRA_CHECK(opaque == opaque);
  HYDRA_DCHECK(number > 0) << number;

#if defined(OPERAND_CANT_BE_STREAMED)
  HYDRA_CHECK_EQ(opaque, opaque);
#elif defined(MESSAGE_CANT_BE_STREAMED)
  HYDRA_LOG(INFO) << opaque;
#elif defined(DEBUG_CHECK_IS_COMPILED)
  HYDRA_DCHECK(nonsense > 0);
#elif defined(NOT_A_CONDITION)
  HYDRA_CHECK(opaque);
#elif defined(UNKNOWN_SEVERITY)
  HYDRA_LOG(DEBUG) << number;
#endif
}

}  // namespace hydra
