// The workloads between nodes, each in an OS process of its own: see workloads.cc.
#ifndef HYDRA_BENCHMARKS_NODES_H_
#define HYDRA_BENCHMARKS_NODES_H_

#include <string>

#include "hydra/benchmarks/other_process.h"
#include "hydra/benchmarks/workloads.h"
#include "hydra/node/node.h"
#include "hydra/process/async.h"
#include "hydra/process/runtime.h"

namespace hydra::benchmarks {

// A node on loopback.
Node StartNode(Runtime& runtime, std::string name);

// What another node does: its part of those below.
void LiveAsOtherNode(Parent parent);

// So many pairs of processes, one of each on the other node, send each other one message at a time.
Async<Measured> PingPongBetweenNodes(Setup setup);

// One process sends messages of so many bytes to one of the other node.
Async<Measured> SendToNode(Setup setup);

// So many processes call one server of the other node.
Async<Measured> CallNode(Setup setup);

// One process calls it with so many bytes, and is answered with them.
Async<Measured> EchoFromNode(Setup setup);

// Each of so many nodes, this one being one of them, has a process that takes messages, and one for
// each other node that sends to the one there.
Async<Measured> SendInMesh(Setup setup);

// A pair of processes between each two of so many nodes send each other one message at a time.
Async<Measured> PingPongInMesh(Setup setup);

// The nodes are connected, and say nothing for so many seconds.
Async<Measured> IdleBetweenNodes(Setup setup);

}  // namespace hydra::benchmarks

#endif  // HYDRA_BENCHMARKS_NODES_H_
