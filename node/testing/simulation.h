// Simulation: a cluster of two or three nodes on virtual clocks, over a LinkNetwork, that goes through a schedule of random
// turns, deliveries, faults and acts of processes. Everything is decided by the seed; what processes are told is recorded
// outside of the code under test.
#ifndef HYDRA_NODE_TESTING_SIMULATION_H_
#define HYDRA_NODE_TESTING_SIMULATION_H_

#include <cstdint>
#include <iosfwd>
#include <string>

namespace hydra::node_testing {

// Runs the schedule of that seed. Returns what was wrong; nothing if all was right. Says in `trace`, if any, what it
// does: the same each time.
std::string Simulate(uint64_t seed, std::ostream* trace = nullptr);

}  // namespace hydra::node_testing

#endif  // HYDRA_NODE_TESTING_SIMULATION_H_
