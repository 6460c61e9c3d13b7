"""Runs each workload here and in Erlang, in turn, and prints a table of medians and ratios.

  ./bazelw run --config=opt //benchmarks:compare
  ./bazelw run --config=opt //benchmarks:compare -- --rounds=3 --only=ping_pong

A round runs a workload once here and once in Erlang, each in an OS process of its own that does nothing else before, so
every run is cold; where it matters, a second run in the same OS process gives the warm figure. Rates are of operations per
second, timed inside the runtime. The ratio is the median of the rounds' ratios: it holds where the machine's speed drifts.
"""

import argparse
import datetime
import os
import re
import statistics
import subprocess
import sys
import tempfile

# Workload, runs in one OS process, and the least ratio that it is held to (of the cold run's rate), if any.
WORKLOADS = [
    ("ping_pong_1", 1, 6),
    ("ping_pong_2", 1, None),
    ("ping_pong_64", 1, 12),
    ("fan_in_1", 1, 3),
    ("fan_in_2", 1, None),
    ("fan_in_8", 1, 4),
    ("ring", 1, 8),
    ("spawn", 2, 3),
    ("skynet", 2, 20),
    ("timers", 1, None),
    ("idle", 1, None),
]


def run(command):
    """Returns for each run a dict with its rate, its seconds and the figures that it printed."""
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=600).stdout
    results = []
    for line in output.splitlines():
        operations, seconds, *figures = line.split()
        result = {"rate": float(operations) / float(seconds), "seconds": float(seconds)}
        for figure in figures:
            name, value = figure.split("=")
            result[name] = float(value)
        results.append(result)
    return results


def number(value):
    for limit, unit in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= limit:
            return "%.3g%s" % (value / limit, unit)
    return "%.3g" % value


def spread(values):
    return "%s (%s to %s)" % tuple(number(f(values)) for f in (statistics.median, min, max))


def rows(name, ours, theirs, target):
    """The table rows of one workload, from the results of all rounds: cold runs first, then warm ones, then figures."""
    for index, kind in enumerate(("", ", warm")[: len(ours[0])]):
        mine = [result[index]["rate"] for result in ours]
        other = [result[index]["rate"] for result in theirs]
        ratio = statistics.median(a / b for a, b in zip(mine, other))
        goal = "%g" % target if target and index == 0 else ""
        yield (name + kind + ", 1/s", spread(mine), spread(other), "%.1f" % ratio, goal)
    for figure in [f for f in ours[0][0] if f not in ("rate", "seconds")]:
        mine = [result[0][figure] for result in ours]
        other = [result[0][figure] for result in theirs if figure in result[0]]
        yield (name + ", " + figure, spread(mine), spread(other) if other else "", "", "")


def machine():
    with open("/proc/cpuinfo") as cpuinfo:
        models = re.findall(r"model name\s*: (.*)", cpuinfo.read())
    erlang = subprocess.run(
        ["erl", "-noshell", "-eval", 'io:format("~s", [erlang:system_info(otp_release)]), halt().'],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    return "%s, %d cores as %s; Erlang/OTP %s; Linux %s; %s" % (
        datetime.date.today(), os.cpu_count(), models[0] if models else "unknown", erlang, os.uname().release,
        "medians of the rounds, with minimum and maximum")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", help="the binary //benchmarks:workload")
    parser.add_argument("erlang", help="workloads.erl")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="a regular expression: just the workloads that it matches")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as beam:
        subprocess.run(["erlc", "-o", beam, options.erlang], check=True)
        print(machine() + "\n")
        print("| workload | here | Erlang | ratio | at least |\n|---|---|---|---|---|", flush=True)
        for name, runs, target in WORKLOADS:
            if not re.search(options.only, name):
                continue
            ours, theirs = [], []
            for _ in range(options.rounds):
                ours.append(run([options.workload, name, str(runs)]))
                theirs.append(run(["erl", "+P", "5000000", "-noshell", "-pa", beam, "-run", "workloads", "main", name,
                                   str(runs)]))
            for row in rows(name, ours, theirs, target):
                print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
