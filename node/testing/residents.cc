#include "hydra/node/testing/residents.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
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
    co_await Receive(
        [](Asked<Populate> asked) {
          std::vector<Pid> pids;
          for (int64_t i = 0; i < asked.request.count; ++i)
            pids.push_back(Spawn(Idle, asked.request.trap_exits));
          asked.reply_to.Send(std::move(pids));
        },
        [](Asked<Watch> asked) {
          Spawn(Witness, std::move(asked.request.whom), std::move(asked.reply_to));
        },
        [](Asked<Greet> asked) {
          Send({"log", asked.request.node}, Note{std::move(asked.request.text)});
          asked.reply_to.Send();
        });
  }
}

// Those who want to read what has come, when enough has.
template <typename Read, typename Entry>
class Readers {
 public:
  void Add(Asked<Read> reader) { waiting_.push_back(std::move(reader)); }
  void Answer(const std::vector<Entry>& entries) {
    std::erase_if(waiting_, [&entries](Asked<Read>& asked) {
      if (entries.size() < static_cast<size_t>(asked.request.count)) return false;
      asked.reply_to.Send(entries);
      return true;
    });
  }

 private:
  std::vector<Asked<Read>> waiting_;
};

Async<> Log() {
  MonitorNodes(true);
  std::vector<std::string> log;
  Readers<ReadLog, std::string> readers;
  while (true) {
    co_await Receive([&](const NodeUp& up) { log.push_back("up " + up.node); },
                     [&](const NodeDown& down) { log.push_back("down " + down.node); },
                     [&](const Note& note) { log.push_back(note.text); },
                     [&](Asked<ReadLog> asked) { readers.Add(std::move(asked)); });
    readers.Answer(log);
  }
}

Async<> Sink() {
  std::vector<std::pair<std::string, int64_t>> came;
  Readers<ReadSink, std::pair<std::string, int64_t>> readers;
  while (true) {
    co_await Receive(
        [&](Bulk bulk) {
          HYDRA_CHECK(bulk.IsWhole());
          came.emplace_back(std::move(bulk.sender), bulk.number);
        },
        [&](Asked<ReadSink> asked) { readers.Add(std::move(asked)); });
    readers.Answer(came);
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
  HYDRA_CHECK(runtime.Request("log", ReadLog{}).ok());  // so it listens
}

}  // namespace hydra::node_testing
