// Aliases: a ref that a process can be sent to, until it says no more.
//
//   hydra::Ref alias = hydra::MakeAlias(hydra::AliasMode::kOneMessage);
//   hydra::Send(server, Question{.reply_to = alias});
//   std::optional<Answer> answer = co_await hydra::Receive<Answer>().Within(absl::Seconds(1));
//   hydra::Unalias(alias);                // an answer that comes too late is dropped
//
// Messages that arrive by an alias which isn't active are dropped before they reach the mailbox.
// Those that are there already stay. An alias ends with its process; nobody else can end it. A Send
// doesn't tell whether it is active; a Request to one that isn't fails at once.
#ifndef HYDRA_PROCESS_ALIAS_H_
#define HYDRA_PROCESS_ALIAS_H_

#include <cstdint>

#include "hydra/process/pid.h"

namespace hydra {

enum class AliasMode : uint8_t {
  kUntilUnalias,
  kOneMessage,  // the first message that arrives by it ends it
};

// Makes an alias of the calling process. Must be called by a process; in one that is ending it returns
// a ref that is no alias.
Ref MakeAlias(AliasMode mode = AliasMode::kUntilUnalias);

// Ends the alias `ref` of the calling process. Returns whether it was active. If it is a monitor's,
// the monitor goes on. Must be called by a process.
bool Unalias(const Ref& ref);

}  // namespace hydra

#endif  // HYDRA_PROCESS_ALIAS_H_
