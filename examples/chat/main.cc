// A chat. A room is a topic of a PubSub: who is in the room has subscribed to it. One user is whoever types
// here; another is the parrot, which sits in the lobby and says again what is said to it.
//
//   ./bazelw run //examples/chat -- ann
//   /join lobby
//   hello, parrot
//   /quit
#include <poll.h>
#include <unistd.h>

#include <iostream>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "hydra/application/application.h"
#include "hydra/genserver/genserver.h"
#include "hydra/registry/pub_sub.h"
#include "hydra/supervisor/supervisor.h"

namespace {

struct Said {
  static constexpr std::string_view kWireName = "chat.Said";
  std::string room;
  std::string who;
  std::string text;
};

void Print(const std::string& line) { std::cout << line + "\n" << std::flush; }

class Parrot {
 public:
  using Protocol = hydra::Protocol<>;
  using Infos = hydra::Infos<Said>;

  explicit Parrot(hydra::PubSub rooms) : rooms_(std::move(rooms)) {}
  absl::Status Init() { return rooms_.Subscribe("lobby"); }

  void HandleInfo(const Said& said) {
    if (said.text.find("parrot") == std::string::npos) return;
    rooms_.PublishToOthers(said.room, Said{said.room, "parrot", said.text});
  }

 private:
  const hydra::PubSub rooms_;
};

class User {
 public:
  struct Typed {
    std::string line;
  };
  using Protocol = hydra::Protocol<Typed>;
  using Infos = hydra::Infos<Said>;

  User(hydra::PubSub rooms, std::string name) : rooms_(std::move(rooms)), name_(std::move(name)) {}

  void HandleInfo(const Said& said) { Print("[" + said.room + "] " + said.who + ": " + said.text); }

  void HandleCast(const Typed& typed) {
    constexpr std::string_view kJoin = "/join ";
    if (typed.line.starts_with(kJoin)) {
      Join(typed.line.substr(kJoin.size()));
    } else if (typed.line == "/quit") {
      hydra::StopSystem();
    } else if (room_.empty()) {
      Print("first: /join ROOM");
    } else {
      rooms_.PublishToOthers(room_, Said{room_, name_, typed.line});
    }
  }

 private:
  void Join(std::string room) {
    rooms_.Unsubscribe(room_);
    room_ = std::move(room);
    const absl::Status joined = rooms_.Subscribe(room_);
    Print(joined.ok() ? std::to_string(rooms_.Subscribers(room_).size()) + " in " + room_
                      : joined.ToString());
  }

  const hydra::PubSub rooms_;
  const std::string name_;
  std::string room_;  // the one that this user is in; empty if there is none
};

class Terminal {
 public:
  // The next line of standard input; nothing at its end, or when `stop` says so.
  std::optional<std::string> ReadLine(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (const size_t end = unread_.find('\n'); end != std::string::npos) {
        std::string line = unread_.substr(0, end);
        unread_.erase(0, end + 1);
        return line;
      }
      pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
      if (poll(&input, 1, /*milliseconds*/ 100) == 0) continue;
      char piece[256];
      const ssize_t size = read(STDIN_FILENO, piece, sizeof(piece));
      if (size <= 0) break;
      unread_.append(piece, static_cast<size_t>(size));
    }
    return std::nullopt;
  }

 private:
  std::string unread_;
};

// Hands the user what is typed; at its end the program ends.
hydra::Async<> Typist() {
  const hydra::ServerRef<User> user("user");
  Terminal terminal;
  while (std::optional<std::string> line = co_await hydra::RunBlocking(
             [&terminal](const std::stop_token& stop) { return terminal.ReadLine(stop); }))
    user.Cast(User::Typed{*std::move(line)});
  hydra::StopSystem();
}

// Whoever has subscribed is started anew after the PubSub, if that fails.
hydra::Application Chat(std::string user) {
  const hydra::PubSub rooms({.name = "rooms"});
  const hydra::ChildSpec tree = hydra::Child<hydra::Supervisor>(
      {}, hydra::SupervisorOptions{.strategy = hydra::Strategy::kRestForOne},
      hydra::Children{
          rooms.child(), hydra::Child<Parrot>({}, rooms),
          hydra::Child<User>({.server = {.name = "user"}}, rooms, std::move(user)),
          hydra::ProcessChild({.id = "typist", .restart = hydra::Restart::kTransient}, Typist)});
  return {.name = "chat", .start = tree.start};
}

}  // namespace

int main(int argc, char** argv) { return hydra::RunApplication(Chat(argc > 1 ? argv[1] : "you")); }
