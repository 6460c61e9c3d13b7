#include "hydra/process/alias.h"

#include "hydra/process/internal/relations.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"

namespace hydra {

using process_internal::Alias;
using process_internal::Worker;

Ref MakeAlias(AliasMode mode) {
  return Worker::CurrentOrDie().MakeAlias(mode == AliasMode::kOneMessage ? Alias::kOneMessage
                                                                         : Alias::kUntilUnalias);
}

bool Unalias(const Ref& ref) { return Worker::CurrentOrDie().Unalias(ref); }

}  // namespace hydra
