#!/usr/bin/env bash
# readme_test.sh README EXAMPLE...: README shows the text of each example, after a link to it: all but its
# includes, and the comment and the namespace around them.
set -uo pipefail
readme="$1"
shift

shown() { awk -v link="]($1)" 'index($0, link) {found = 1} /^```$/ {if (inside) exit} inside {print}
                               found && /^```cpp$/ {inside = 1}' "$readme"; }
text() { grep -Ev '^(// |#include |namespace \{|}  // namespace)' "$1" | cat -s | sed '1{/^$/d}'; }

status=0
for example; do
  if ! diff -u --label "$readme" --label "$example" <(shown "$example") <(text "$example"); then
    echo "FAILED: $readme doesn't show what $example is"
    status=1
  fi
done
exit $status
