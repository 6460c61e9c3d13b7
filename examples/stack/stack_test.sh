#!/usr/bin/env bash
# stack_test.sh PROGRAM: it prints what README.md says.
set -euo pipefail
diff <("$1") <(printf '%s\n' hello hydra)
