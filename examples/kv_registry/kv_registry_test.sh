#!/usr/bin/env bash
# kv_registry_test.sh PROGRAM SOURCE: it prints what its first comment says.
set -euo pipefail
diff <("$1") <(sed -n '/^\/\/ prints$/,/^#include/s|^//   ||p' "$2")
