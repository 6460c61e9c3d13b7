// Schedule: what a seed decides, what time it is for who records, and what was wrong.
#ifndef HYDRA_NODE_TESTING_SCHEDULE_H_
#define HYDRA_NODE_TESTING_SCHEDULE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <sstream>
#include <string>

namespace hydra::node_testing {

// The parts, one after another.
template <typename... Ts>
std::string Cat(const Ts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

// Thread safety: thread-compatible.
class Schedule {
 public:
  // Says in `trace` what happens; null for nowhere.
  Schedule(uint64_t seed, std::ostream* trace);
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  uint64_t seed() const { return seed_; }

  // Yields a number below `bound`, another one each time.
  size_t Pick(size_t bound) { return Next() % bound; }
  std::function<size_t(size_t)> picker() {
    return [this](size_t bound) { return Pick(bound); };
  }

  // Counts what happens.
  void Tick() { ++time_; }
  int64_t time() const { return time_; }

  template <typename... Ts>
  void Trace(const Ts&... what) {
    if (trace_ != nullptr) *trace_ << time_ << " " << Cat(what...) << "\n";
  }

  // Something is wrong. The first counts.
  template <typename... Ts>
  void Wrong(const Ts&... what) {
    Trace("WRONG ", what...);
    if (wrong_.empty()) wrong_ = Cat("at ", time_, ": ", what...);
  }
  bool is_wrong() const { return !wrong_.empty(); }
  const std::string& wrong() const { return wrong_; }

 private:
  uint64_t Next();

  const uint64_t seed_;
  std::ostream* const trace_;
  uint64_t random_;
  int64_t time_ = 0;
  std::string wrong_;
};

}  // namespace hydra::node_testing

#endif  // HYDRA_NODE_TESTING_SCHEDULE_H_
