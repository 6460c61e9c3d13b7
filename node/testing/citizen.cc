#include "hydra/node/testing/citizen.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/node/testing/open_files.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/process.h"
#include "hydra/registry/process_groups.h"

namespace hydra::node_testing {
namespace {

constexpr size_t kMonitorsAtOnce = 5;  // of one peer
constexpr size_t kMuch = 6'000'000;    // bytes: more than the system takes: their sender is held
constexpr absl::Duration kPatience = absl::Seconds(5);  // for the last Downs

// Of "lodgings": spawns a process that is there until it is ended, or the guest is.
struct Lodge {
  static constexpr std::string_view kWireName = "test.Lodge";
  using Reply = Pid;
  Pid guest;
};

// Of "lodgings": answered with the number, after a while.
struct Ponder {
  static constexpr std::string_view kWireName = "test.Ponder";
  using Reply = int64_t;
  int64_t number;
  int64_t milliseconds;
};

// To "lodgings", who has no use for it.
struct Ballast {
  static constexpr std::string_view kWireName = "test.Ballast";
  std::string bytes;
};

struct End {};
struct HasEnded {};

class Journal {
 public:
  explicit Journal(const std::string& path)
      : file_(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
    HYDRA_CHECK_GE(file_, 0) << path;
  }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal() { close(file_); }

  void Write(std::string line) const {
    line += '\n';
    HYDRA_CHECK_EQ(write(file_, line.data(), line.size()), static_cast<ssize_t>(line.size()));
  }

 private:
  const int file_;
};

Async<> Lodger(Pid guest) {
  Monitor(guest);
  co_await Receive<Down>();
}

Async<> Pondering(Asked<Ponder> asked) {
  co_await Sleep(absl::Milliseconds(asked.request.milliseconds));
  asked.reply_to.Send(asked.request.number);
}

Async<> Lodgings() {
  while (true) {
    co_await Receive(
        [](Asked<Lodge> asked) { asked.reply_to.Send(Spawn(Lodger, asked.request.guest)); },
        [](Asked<Ponder> asked) { Spawn(Pondering, std::move(asked)); }, [](const Ballast&) {});
  }
}

Async<> KeepConnected(std::string node) {
  while (true) {
    MonitorNode(node);
    co_await Receive<NodeDown>();
    co_await Sleep(absl::Milliseconds(200));
  }
}

Async<> Observe() {
  MonitorNodes(true);
  std::vector<std::string> events;
  while (true) {
    co_await Receive([&](const NodeUp& up) { events.push_back("up " + up.node); },
                     [&](const NodeDown& down) { events.push_back("down " + down.node); },
                     [&](Asked<ReadNodeEvents> asked) { asked.reply_to.Send(events); });
  }
}

// What one citizen has to do with one peer.
class Life {
 public:
  Life(std::string peer, int64_t seed, std::shared_ptr<const Journal> journal)
      : lodgings_("lodgings", std::move(peer)),
        journal_(std::move(journal)),
        random_(static_cast<uint32_t>(seed)),
        next_(seed << 32) {}

  Async<> Lead(ProcessGroups groups, Pid citizen) {
    while (!is_over_) {
      co_await Call();
      if (watched_.size() < kMonitorsAtOnce) co_await Watch();
      if (!watched_.empty() && Draw(3) == 0)
        Exit(std::next(watched_.begin(), Draw(watched_.size()))->second.whom, ExitReason::Kill());
      if (Draw(8) == 0) static_cast<void>(co_await groups.Join("changing", citizen));
      if (Draw(8) == 0) static_cast<void>(co_await groups.Leave("changing", citizen));
      co_await Read(absl::Milliseconds(Draw(20)));
    }
    for (const auto& [ref, watched] : watched_) Exit(watched.whom, ExitReason::Kill());
    for (const absl::Time end = Now() + kPatience; !watched_.empty() && Now() < end;)
      co_await Read(absl::Milliseconds(20));
    co_await Read(absl::Milliseconds(200));  // what there should not be
    const std::optional<ProcessInfo> info = co_await Info(Self());
    if (!info.has_value() || info->message_queue_length > 0) journal_->Write("stray answer");
    Send(citizen, HasEnded{});
  }

 private:
  struct Watched {
    int64_t number;
    Pid whom;
  };

  ptrdiff_t Draw(size_t below) { return static_cast<ptrdiff_t>(random_() / 8 % below); }

  Async<> Call() {
    const int64_t number = next_++;
    journal_->Write(absl::StrCat("call ", number));
    const absl::StatusOr<int64_t> answer =
        co_await Request(lodgings_, Ponder{number, static_cast<int64_t>(Draw(40))})
            .Within(Draw(2) == 0 ? absl::Milliseconds(Draw(50)) : absl::InfiniteDuration());
    const bool is_right = !answer.ok() || *answer == number;
    journal_->Write(absl::StrCat(
        "outcome ", number, " ",
        is_right ? absl::StatusCodeToString(answer.status().code()) : std::string("wrong")));
  }

  Async<> Watch() {
    const absl::StatusOr<Pid> lodger =
        co_await Request(lodgings_, Lodge{Self()}).Within(absl::Seconds(1));
    if (!lodger.ok()) co_return;
    const int64_t number = next_++;
    journal_->Write(absl::StrCat("monitor ", number));
    watched_[Monitor(*lodger)] = {number, *lodger};
  }

  // What there is, and what comes within that time.
  Async<> Read(absl::Duration time) {
    const absl::Time end = Now() + time;
    do {
      const std::optional<Message> message = co_await ReceiveAny().Within(end - Now());
      if (!message.has_value()) continue;
      const Down* down = message->Get<Down>();
      if (message->Is<End>()) {
        is_over_ = true;
      } else if (down == nullptr || !watched_.contains(down->ref)) {
        journal_->Write(absl::StrCat("stray ", std::string(message->type_name())));
      } else {
        journal_->Write(absl::StrCat("down ", watched_[down->ref].number));
        watched_.erase(down->ref);
      }
    } while (Now() < end);
  }

  const Dest lodgings_;
  const std::shared_ptr<const Journal> journal_;
  std::minstd_rand random_;
  int64_t next_;
  absl::flat_hash_map<Ref, Watched> watched_;
  bool is_over_ = false;
};

Async<> LeadLife(std::string peer, int64_t seed, std::shared_ptr<const Journal> journal,
                 ProcessGroups groups, Pid citizen) {
  Life life(std::move(peer), seed, std::move(journal));
  co_await life.Lead(std::move(groups), citizen);
}

// Sends more than goes at once, now to this peer and now to that one: mostly it is held.
Async<> Flood(std::vector<std::string> peers, int64_t seed, Pid citizen) {
  std::minstd_rand random(static_cast<uint32_t>(seed));
  const auto draw = [&random](size_t below) { return random() / 8 % below; };
  do {
    Send(ProcessName("lodgings", peers[draw(peers.size())]), Ballast{std::string(kMuch, '.')});
  } while (!(co_await Receive<End>().Within(absl::Milliseconds(draw(500)))).has_value());
  Send(citizen, HasEnded{});
}

Census CensusOf(Runtime& runtime) {
  Census census;
  for (const Pid& pid : runtime.Processes()) {
    ++census.processes;
    const std::optional<ProcessInfo> info = runtime.Info(pid);
    if (!info.has_value()) continue;
    census.links += static_cast<int64_t>(info->links.size());
    census.monitors += static_cast<int64_t>(info->monitors.size());
    census.monitored_by += static_cast<int64_t>(info->monitored_by.size());
  }
  census.files = CountOpenFiles();
  return census;
}

Async<> TakingCensus(Runtime* runtime, ReplyTo<TakeCensus> reply_to) {
  reply_to.Send(co_await RunBlocking([runtime] { return CensusOf(*runtime); }));
}

Async<> Citizen(Runtime* runtime) {
  const ProcessGroups groups({.scope = "citizens"});
  HYDRA_CHECK((co_await groups.StartLink()).ok());
  HYDRA_CHECK((co_await groups.Join("all", Self())).ok());
  std::vector<std::string> kept;
  std::vector<Pid> lives;
  int64_t seed_of_lives = -1;
  std::vector<Asked<Settle>> settling;
  while (true) {
    co_await Receive(
        [&](Asked<Live> asked) {
          asked.reply_to.Send();
          if (std::exchange(seed_of_lives, asked.request.seed) == asked.request.seed) return;
          const auto journal = std::make_shared<const Journal>(asked.request.journal);
          int64_t seed = asked.request.seed * 16;
          lives.push_back(Spawn(Flood, asked.request.peers, seed, Self()));
          for (const std::string& peer : asked.request.peers) {
            lives.push_back(Spawn(LeadLife, peer, ++seed, journal, groups, Self()));
            if (std::find(kept.begin(), kept.end(), peer) != kept.end()) continue;
            kept.push_back(peer);
            Spawn(KeepConnected, peer);
          }
        },
        [&](Asked<Settle> asked) {
          if (settling.empty()) {
            for (const Pid& life : lives) Send(life, End{});
          }
          settling.push_back(std::move(asked));
        },
        [&](const HasEnded&) { lives.pop_back(); },
        [&](Asked<TakeCensus> asked) { Spawn(TakingCensus, runtime, std::move(asked.reply_to)); },
        [&](Asked<ReadGroup> asked) { asked.reply_to.Send(groups.Members(asked.request.group)); });
    if (!lives.empty()) continue;
    for (Asked<Settle>& asked : settling) asked.reply_to.Send();
    settling.clear();
  }
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Census& census) {
  return out << census.processes << " processes, " << census.links << " links, " << census.monitors
             << " monitors, " << census.monitored_by << " monitored by, " << census.files
             << " files";
}

void SpawnCitizen(Runtime& runtime) {
  HYDRA_CHECK(runtime.Register(runtime.Spawn(Lodgings), "lodgings").ok());
  for (const char* observer : {"observer0", "observer1"}) {
    HYDRA_CHECK(runtime.Register(runtime.Spawn(Observe), observer).ok());
    HYDRA_CHECK(runtime.Request(observer, ReadNodeEvents()).ok());  // so it misses none
  }
  HYDRA_CHECK(runtime.Register(runtime.Spawn(Citizen, &runtime), "citizen").ok());
  HYDRA_CHECK(runtime.Request("citizen", ReadGroup{"all"}).ok());  // so it is in its groups
}

}  // namespace hydra::node_testing
