#!/usr/bin/env bash
# stack_test.sh PROGRAM: it prints what README.md says.
diff <("$1") <(printf '%s\n' hello hydra 'stopped: OK')
