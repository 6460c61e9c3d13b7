#!/usr/bin/env bash
# chat_test.sh PROGRAM: a conversation, line by line.
set -euo pipefail
coproc CHAT { "$1" ann; }
program=$CHAT_PID

say() { echo "$1" >&"${CHAT[1]}"; }
hear() {
  local line
  read -r -t 30 line <&"${CHAT[0]}"
  [[ $line = "$1" ]] || { echo "heard '$line' instead of '$1'"; exit 1; }
}

say "hello"
hear "first: /join ROOM"
say "/join lobby"
hear "2 in lobby"
say "nobody answers this"
say "hello, parrot"
hear "[lobby] parrot: hello, parrot"
say "/join cellar"
hear "1 in cellar"
say "is a parrot here?"
say "/join lobby"
hear "2 in lobby"
say "/quit"
wait "$program"
