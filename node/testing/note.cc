#include "hydra/node/testing/note.h"

#include <utility>

#include "hydra/process/process.h"

namespace hydra {

Async<> Echo() {
  while (true) {
    Note note = co_await Receive<Note>();
    const Pid to = std::exchange(note.from, Self());
    Send(to, std::move(note));
  }
}

Async<> Squares() {
  while (true) {
    auto asked = co_await Receive<Asked<Square>>();
    std::move(asked.reply_to).Send(asked.request.number * asked.request.number);
  }
}

Async<> Idle() {
  struct Never {};
  co_await Receive<Never>();
}

}  // namespace hydra
