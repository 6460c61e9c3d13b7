#!/bin/bash
# Starts compare.py with the sides of the comparison.
exec python3 benchmarks/compare.py benchmarks/workload benchmarks/bare_grpc benchmarks/workloads.erl "$@"
