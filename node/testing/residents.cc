#include "hydra/node/testing/residents.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hydra/base/check.h"
#include "hydra/node/testing/witness.h"
#include "hydra/process/process.h"

namespace hydra::node_testing {
namespace {

Async<> Idle(bool trap_exits) {
  TrapExit(trap_exits);
  std::vector<Asked<Riddle>> unanswered;
  while (true) unanswered.push_back(co_await Receive<Asked<Riddle>>());
}

Async<> Echoing() {
  while (true) {
    auto asked = co_await Receive<Asked<Echo>>();
    asked.reply_to.Send(std::move(asked.request.text));
  }
}

Async<> Landlord() {
  while (true) {
    auto asked = co_await Receive<Asked<Populate>, Asked<Watch>>();
    if (auto* populate = std::get_if<Asked<Populate>>(&asked)) {
      std::vector<Pid> pids;
      for (int64_t i = 0; i < populate->request.count; ++i)
        pids.push_back(Spawn(Idle, populate->request.trap_exits));
      populate->reply_to.Send(std::move(pids));
    } else {
      auto& watch = std::get<Asked<Watch>>(asked);
      Spawn(Witness, std::move(watch.request.whom), std::move(watch.reply_to));
    }
  }
}

Async<> Log() {
  MonitorNodes(true);
  std::vector<std::string> log;
  while (true) {
    co_await Receive([&](const NodeUp& up) { log.push_back("up " + up.node); },
                     [&](const NodeDown& down) { log.push_back("down " + down.node); },
                     [&](const Note& note) { log.push_back(note.text); },
                     [&](Asked<ReadLog> asked) { asked.reply_to.Send(log); });
  }
}

Async<> Sink() {
  std::vector<std::pair<std::string, int64_t>> came;
  std::vector<Asked<ReadSink>> waiting;
  while (true) {
    co_await Receive(
        [&](Bulk bulk) {
          HYDRA_CHECK(bulk.IsWhole());
          came.emplace_back(std::move(bulk.sender), bulk.number);
        },
        [&](Asked<ReadSink> asked) { waiting.push_back(std::move(asked)); });
    for (Asked<ReadSink>& asked : waiting) {
      if (came.size() >= static_cast<size_t>(asked.request.count)) asked.reply_to.Send(came);
    }
    std::erase_if(waiting, [](const Asked<ReadSink>& asked) { return !asked.reply_to; });
  }
}

// Other bytes for each, and not the same all over.
char ByteOf(const std::string& sender, int64_t number) {
  return static_cast<char>('a' + (sender.size() + static_cast<size_t>(number)) % 26);
}

}  // namespace

Bulk Bulk::Make(const std::string& sender, int64_t number, size_t size) {
  std::string bytes(size, ByteOf(sender, number));
  if (!bytes.empty()) bytes.front() = bytes.back() = '!';
  return {.sender = sender, .number = number, .bytes = std::move(bytes)};
}

bool Bulk::IsWhole() const { return bytes == Make(sender, number, bytes.size()).bytes; }

void MoveIn(Runtime& runtime) {
  HYDRA_CHECK(runtime.Register(runtime.Spawn(Echoing), "echo").ok());
  HYDRA_CHECK(runtime.Register(runtime.Spawn(Landlord), "landlord").ok());
  HYDRA_CHECK(runtime.Register(runtime.Spawn(Log), "log").ok());
  HYDRA_CHECK(runtime.Register(runtime.Spawn(Sink), "sink").ok());
}

}  // namespace hydra::node_testing
