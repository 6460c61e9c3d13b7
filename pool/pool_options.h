// How a pool is made, and what can be known of it.
#ifndef HYDRA_POOL_POOL_OPTIONS_H_
#define HYDRA_POOL_POOL_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/time/time.h"

namespace hydra {

// Which worker a call goes to.
enum class PoolStrategy : uint8_t {
  kRoundRobin,  // each in turn
  kLeastBusy,   // the one with the fewest calls of this pool under way
};

struct PoolOptions {
  // The name of the pool's process; it has none if that is empty.
  std::string name = {};
  // Workers that are always there. 0: one for each core.
  size_t workers = 0;
  // So many more are started when none is free to be lent, and ended, as their specs say, when they are given
  // back and nobody waits. They are lent only: no call goes to them. The pool lends nothing while one starts.
  size_t overflow = 0;
  // So many processes may wait for one to be lent, besides those for whom one is started.
  size_t max_waiting = std::numeric_limits<size_t>::max();
  PoolStrategy strategy = PoolStrategy::kRoundRobin;
  // The pool ends if workers are started anew more often than so many times in a period, as a supervisor
  // does.
  size_t max_restarts = 3;
  absl::Duration period = absl::Seconds(5);
};

struct PoolStatus {
  size_t workers = 0;   // that run, the overflow among them
  size_t overflow = 0;  // those of them that are only there while they are lent
  size_t free = 0;      // those that aren't lent
  size_t waiting = 0;   // processes that wait for one
};

}  // namespace hydra

#endif  // HYDRA_POOL_POOL_OPTIONS_H_
