"""Runs each workload here and in Erlang, in turn, and prints a Markdown table.

  ./bazelw run --config=opt //benchmarks:compare
  ./bazelw run --config=opt //benchmarks:compare -- --rounds=3 --only='ping_pong|ring'

A round runs every workload once here and at once after that in Erlang, each in an OS process of its
own, so that every run is cold unless it says that it is warm; those between nodes have one for each. Both
are timed from inside the runtime. What is called grpc/... is set beside a bare gRPC stream instead.
A ratio says how many times better we are: the median of the rounds' ratios, which holds where the
machine's speed drifts.
"""

import argparse
import collections
import datetime
import os
import re
import statistics
import subprocess
import sys
import tempfile

# What each figure is held to: the least ratio, or the most of our own value.
GOALS = {
    "ping_pong/1, messages/s": "≥ 6×",
    "ping_pong/64, messages/s": "≥ 12×",
    "fan_in/1, messages/s": "≥ 3×",
    "fan_in/8, messages/s": "≥ 4×",
    "ring, hops/s": "≥ 8×",
    "spawn/cold, processes/s": "≥ 3×",
    "spawn/cold, bytes_per_process": "≤ 320",
    "skynet/cold, leaves/s": "≥ 20×",
    "link, pairs/s": "≥ 2×",
    "monitor, pairs/s": "≥ 2×",
    "spawn_link, processes/s": "≥ 4×",
    "call/1, calls/s": "≥ 6×",
    "call/64, calls/s": "≥ 10×",
    "restart/1, restarts/s": "≥ 20×",
    "restart/100, restarts/s": "≥ 20×",
    "restart_often/1, restarts/s": "≥ 20×",
    "restart_often/100, restarts/s": "≥ 20×",
    "select/1, receives/s": "≥ 2×",
    "select/1000, receives/s": "≥ 2×",
    "select/100000, receives/s": "≥ 2×",
    "lookup/1, lookups/s": "≥ 3×",
    "publish/10000, deliveries/s": "≥ 5×",
    "node/ping_pong/1, round_trips/s": "≥ 1.3×",
    "node/ping_pong/64, round_trips/s": "≥ 2.5×",
    "node/one_way, messages/s": "≥ 6×",
    "node/call/64, calls/s": "≥ 5×",
    "grpc/callback/1, round_trips/s": "≥ 1×",
}

# What bare gRPC does, and the workload of ours that is set beside it.
BESIDE_GRPC = {
    "grpc/callback/1": "node/ping_pong/1",
    "grpc/spinning/1": "node/ping_pong/1",
}

Workload = collections.namedtuple("Workload", "name unit parameter operations runs")


def output_of(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=600).stdout


def elixir_beams():
    """Where Elixir's modules are, which Erlang doesn't know by itself."""
    return output_of(["elixir", "-e", "IO.write(:code.lib_dir(:elixir, :ebin))"])


# What makes an `erl` a node that connects to others, without epmd: their names have their ports.
NODE_FLAGS = ["-name", "measuring@127.0.0.1", "-setcookie", "of_the_benchmarks",
              "-dist_listen", "false", "-start_epmd", "false", "-epmd_module", "workloads"]


class Sides:
    """The programs that run a workload, and print "operations seconds name=value ..."."""

    def __init__(self, runner, grpc, beams, scale):
        self.runner = runner
        self.grpc = grpc
        self.beams = beams
        self.scale = scale

    def workloads(self, only):
        table = [Workload(*line.split()) for line in output_of([self.runner]).splitlines()]
        by_name = {workload.name: workload for workload in table}
        table += [by_name[beside]._replace(name=name) for name, beside in BESIDE_GRPC.items()]
        return [workload for workload in table if re.search(only, workload.name)]

    def ours(self, workload):
        name = BESIDE_GRPC.get(workload.name, workload.name)
        return figures(workload, output_of([self.runner, name, self.operations(workload)]))

    def theirs(self, workload):
        if workload.name in BESIDE_GRPC:
            command = [self.grpc, workload.name, self.operations(workload)]
        else:
            command = self.erlang(workload)
        return figures(workload, output_of(command))

    def erlang(self, workload):
        kind = re.match("(node/)?[^/]*", workload.name)[0]
        # A million processes are more than Erlang allows by default.
        return ["erl", "+P", "5000000", "-noinput", "-pa", *self.beams,
                *(NODE_FLAGS if kind.startswith("node/") else []),
                "-run", "workloads", "main", kind, workload.parameter, self.operations(workload),
                workload.runs]

    def operations(self, workload):
        return str(max(1, int(int(workload.operations) * self.scale)))


def figures(workload, output):
    """The figures of one run, by their names in the table: its rate first, if it has one."""
    operations, seconds, *others = output.split()
    result = {}
    if float(operations) > 0:
        result["%s, %s" % (workload.name, workload.unit)] = float(operations) / float(seconds)
    for other in others:
        name, value = other.split("=")
        if name.startswith("bytes") and workload.runs != "1":
            continue  # the first run's memory is used again
        result["%s, %s" % (workload.name, name)] = float(value)
    return result


def number(value):
    for limit, unit in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= limit:
            return "%.3g%s" % (value / limit, unit)
    return "%.3g" % value


def median_and_spread(values):
    if not values:
        return "–"
    return "%s (%s to %s)" % tuple(number(f(values)) for f in (statistics.median, min, max))


def ratio(figure, ours, others):
    """How many times better we are; a figure that isn't a rate is a cost."""
    pairs = list(zip(ours, others))
    if not figure.endswith(("/s", "_per_s")):
        pairs = [(theirs, mine) for mine, theirs in pairs]
    if not pairs or any(value == 0 for pair in pairs for value in pair):
        return "–"  # too little to be measured
    return "%.1f×" % statistics.median(better / worse for better, worse in pairs)


def print_rows(ours, theirs):
    """Prints the rows of one workload from the figures of its rounds."""
    for figure in {**ours[0], **theirs[0]}:
        mine, others = ([run[figure] for run in runs if figure in run] for runs in (ours, theirs))
        print("| %s | %s | %s | %s | %s |" % (
            figure, median_and_spread(mine), median_and_spread(others), ratio(figure, mine, others),
            GOALS.get(figure, "")))


def machine():
    with open("/proc/cpuinfo") as cpuinfo:
        models = re.findall(r"model name\s*: (.*)", cpuinfo.read()) or [os.uname().machine]
    with open("/proc/loadavg") as loadavg:
        load = loadavg.read().split()[0]
    release = output_of(
        ["erl", "-noinput", "-eval", 'io:format("~s", [erlang:system_info(otp_release)]), halt().'])
    commit = output_of(["git", "-C", os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."), "describe",
                        "--always", "--dirty"]).strip()
    return "%s, commit %s; %s, %d cores; Linux %s, load %s; Erlang/OTP %s" % (
        datetime.date.today(), commit, models[0], os.cpu_count(), os.uname().release, load, release)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runner", help="the binary //benchmarks:workload")
    parser.add_argument("grpc", help="the binary //benchmarks:bare_grpc")
    parser.add_argument("erlang", help="workloads.erl")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="a regular expression of the workloads' names")
    parser.add_argument("--scale", type=float, default=1,
                        help="of the operations, to try it out: a power of ten")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as beam:
        subprocess.run(["erlc", "-o", beam, options.erlang], check=True)
        sides = Sides(options.runner, options.grpc, [beam, elixir_beams()], options.scale)
        workloads = sides.workloads(options.only)
        ours, theirs = collections.defaultdict(list), collections.defaultdict(list)
        for number_of_round in range(1, options.rounds + 1):
            for workload in workloads:
                print("round %d of %d: %s" % (number_of_round, options.rounds, workload.name),
                      file=sys.stderr)
                ours[workload].append(sides.ours(workload))
                theirs[workload].append(sides.theirs(workload))
        print("%s. Medians of %d rounds (least to most).\n" % (machine(), options.rounds))
        print("| workload | Hydra | Erlang, or gRPC | ratio | goal |\n|---|---|---|---|---|")
        for workload in workloads:
            print_rows(ours[workload], theirs[workload])


if __name__ == "__main__":
    main()
