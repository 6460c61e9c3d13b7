#!/usr/bin/env bash
# Each argument is a file that holds a path of forbidden dependencies, or nothing.
status=0
for path; do
  if [[ -s "$path" ]]; then
    echo "FAILED ${path##*/}: tools/layers/BUILD.bazel doesn't allow what this path ends in:"
    sed 's/^/  /' "$path"
    status=1
  fi
done
exit $status
