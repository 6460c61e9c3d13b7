// GenServer: a server, its state in a plain class, that clients call and cast to.
//
//   class Stack {
//    public:
//     struct Pop { using Reply = std::optional<std::string>; };    // has a Reply: a call
//     struct Push { std::string item; };                           // has none: a cast
//     using Protocol = hydra::Protocol<Pop, Push>;
//
//     explicit Stack(std::vector<std::string> items) : items_(std::move(items)) {}
//
//     std::optional<std::string> HandleCall(Pop);
//     void HandleCast(Push push) { items_.push_back(std::move(push.item)); }
//
//    private:
//     std::vector<std::string> items_;
//   };
//
//   absl::StatusOr<hydra::ServerRef<Stack>> stack = co_await hydra::StartLink<Stack>({}, words);
//   absl::StatusOr<std::optional<std::string>> top = co_await stack->Call(Stack::Pop{});
//   stack->Cast(Stack::Push{"hydra"});
//   absl::Status stopped = co_await hydra::Stop(*stack);
//
// The class is constructed, called and destroyed by the server's own process, and handles one message
// after the other: it needs no locks. It has no base class, and can be tested without a runtime.
//
// Its callbacks. Only those that its Protocol asks for must be there. All but the last two may be coroutines
// (return an Async): the server handles nothing else until they are done.
//
//   R HandleCall(M)                  answers the call M with the R that it returns. A Reply of void is
//                                    answered by returning void or absl::Status.
//   void HandleCall(M, ReplyTo<M>)   answers later: by `reply_to.Send(...)`, from anywhere
//   void HandleCast(M)               handles the cast M
//   void HandleInfo(M)               handles the message M, which `using Infos = hydra::Infos<M>;` names
//   void HandleInfo(Message&)        handles any other message. Without it such messages are logged.
//   void Init()                      is called after construction, before the start is answered. May
//                                    return an absl::Status or an InitResult (next.h).
//   void HandleContinue(C)           does the step that Next::Continue has named, which
//                                    `using Continues = hydra::Continues<C>;` names
//   void Terminate(const ExitReason&)   is called when the server stops: by itself, by an exception of a
//                                    callback, by Stop, or, if it traps exits, by its parent's end
//   std::string FormatStatus()       the state for people, in Sys and in crash reports; hides secrets
//   void Hibernate()                 gives back memory: see Next::Hibernate
//
// Where void stands they may return a Next, which says what the server does then (Terminate may not); in
// place of an R a ReplyThen<R>. An exception that leaves a callback ends the server, with a report in the log.
//
// A server that traps exits gets exit signals as messages, `HandleInfo(ExitSignal)`; that of its parent
// stops it. See docs/genserver.md.
#ifndef HYDRA_GENSERVER_GENSERVER_H_
#define HYDRA_GENSERVER_GENSERVER_H_

#include "hydra/genserver/multi_call.h"
#include "hydra/genserver/next.h"
#include "hydra/genserver/protocol.h"
#include "hydra/genserver/server_options.h"
#include "hydra/genserver/server_ref.h"
#include "hydra/genserver/start.h"
#include "hydra/genserver/stop.h"
#include "hydra/genserver/sys.h"
#include "hydra/genserver/sys_event.h"
#include "hydra/process/process.h"

#endif  // HYDRA_GENSERVER_GENSERVER_H_
