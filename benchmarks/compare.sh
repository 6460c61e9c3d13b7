#!/bin/bash
# Starts compare.py with the two sides of the comparison.
exec python3 benchmarks/compare.py benchmarks/workload benchmarks/workloads.erl "$@"
