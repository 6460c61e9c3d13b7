// A chat. A room is a topic of a PubSub, and a group of processes that says how many are in it; both span nodes. One user is
// whoever types here; another is the parrot, which sits in the lobby of who was there first, and says again what is said
// to it. In two terminals:
//
//   ./bazelw run //examples/chat -- --name=ann --listen=127.0.0.1:4370
//   ./bazelw run //examples/chat -- --name=bob --with=ann@127.0.0.1:4370
//
// and in each, for example:
//
//   /join lobby
//   hello, parrot
//   /quit
#include <poll.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/application/application.h"
#include "hydra/base/status_macros.h"
#include "hydra/examples/arguments.h"
#include "hydra/genserver/genserver.h"
#include "hydra/node/node_application.h"
#include "hydra/node/node_options.h"
#include "hydra/process/process.h"
#include "hydra/registry/process_groups.h"
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

  Parrot(hydra::PubSub rooms, hydra::ProcessGroups people)
      : rooms_(std::move(rooms)), people_(std::move(people)) {}
  hydra::Async<absl::Status> Init() {
    HYDRA_CO_RETURN_IF_ERROR(rooms_.Subscribe("lobby"));
    co_return co_await people_.Join("lobby", hydra::Self());
  }

  void HandleInfo(const Said& said) {
    if (said.text.find("parrot") == std::string::npos) return;
    rooms_.PublishToOthers(said.room, Said{said.room, "parrot", said.text});
  }

 private:
  const hydra::PubSub rooms_;
  const hydra::ProcessGroups people_;
};

class User {
 public:
  struct Typed {
    std::string line;
  };
  using Protocol = hydra::Protocol<Typed>;
  using Infos = hydra::Infos<Said, hydra::GroupJoined, hydra::GroupLeft>;

  User(hydra::PubSub rooms, hydra::ProcessGroups people, std::string name)
      : rooms_(std::move(rooms)), people_(std::move(people)), name_(std::move(name)) {}

  void HandleInfo(const Said& said) { Print("[" + said.room + "] " + said.who + ": " + said.text); }
  void HandleInfo(const hydra::GroupJoined& joined) { Count(joined.group, joined.pids.size()); }
  void HandleInfo(const hydra::GroupLeft& left) { Count(left.group, -left.pids.size()); }

  hydra::Async<> HandleCast(Typed typed) {
    constexpr std::string_view kJoin = "/join ";
    if (typed.line.starts_with(kJoin)) {
      co_await Leave();
      co_await Join(typed.line.substr(kJoin.size()));
    } else if (typed.line == "/quit") {
      hydra::StopSystem();
    } else if (room_.empty()) {
      Print("first: /join ROOM");
    } else {
      rooms_.PublishToOthers(room_, Said{room_, name_, typed.line});
    }
  }

 private:
  hydra::Async<> Leave() {
    if (room_.empty()) co_return;
    rooms_.Unsubscribe(room_);
    (co_await people_.Demonitor(monitor_)).IgnoreError();
    (co_await people_.Leave(room_, hydra::Self())).IgnoreError();
  }

  hydra::Async<> Join(std::string room) {
    room_ = std::move(room);
    present_ = 0;
    absl::Status joined = rooms_.Subscribe(room_);
    if (joined.ok()) joined = co_await people_.Join(room_, hydra::Self());
    const auto monitor = co_await people_.Monitor(room_);
    if (!joined.ok() || !monitor.ok()) co_return Print("can't join " + room_);
    monitor_ = monitor->ref;
    Count(room_, monitor->members.size());
  }

  void Count(const std::string& room, size_t more) {
    present_ += more;
    Print(std::to_string(present_) + " in " + room);
  }

  const hydra::PubSub rooms_;
  const hydra::ProcessGroups people_;
  const std::string name_;
  std::string room_;  // the one that this user is in; empty if there is none
  hydra::Ref monitor_;
  size_t present_ = 0;
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

// Whoever is in a room is started anew after what rooms are made of, if that fails.
hydra::ChildSpec Tree(std::string user, bool has_parrot) {
  const hydra::PubSub rooms({.name = "rooms"});
  const hydra::ProcessGroups people({.scope = "people"});
  hydra::Children children = {rooms.child(), people.child()};
  if (has_parrot) children.push_back(hydra::Child<Parrot>({}, rooms, people));
  children.push_back(
      hydra::Child<User>({.server = {.name = "user"}}, rooms, people, std::move(user)));
  children.push_back(
      hydra::ProcessChild({.id = "typist", .restart = hydra::Restart::kTransient}, Typist));
  return hydra::Child<hydra::Supervisor>(
      {}, hydra::SupervisorOptions{.strategy = hydra::Strategy::kRestForOne}, std::move(children));
}

hydra::Async<absl::StatusOr<hydra::Pid>> Start(std::string user, std::string with) {
  if (!with.empty()) {
    HYDRA_CO_ASSIGN_OR_RETURN(const auto node, co_await hydra::RunningNode());
    HYDRA_CO_RETURN_IF_ERROR(co_await node->Connect(with));
  }
  co_return co_await Tree(std::move(user), /*has_parrot=*/with.empty()).start();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = ValueOf("--name=", argc, argv, "you");
  const std::string with = ValueOf("--with=", argc, argv, "");
  const bool has_cookie = std::getenv("HYDRA_COOKIE") != nullptr;
  const hydra::NodeOptions node = {.name = name,
                                   .listen = ValueOf("--listen=", argc, argv, "127.0.0.1:0"),
                                   .cookie = has_cookie ? "" : "chat"};
  return hydra::RunApplication({.name = "chat",
                                .start = [name, with] { return Start(name, with); },
                                .dependencies = {hydra::NodeApplication(node)}});
}
