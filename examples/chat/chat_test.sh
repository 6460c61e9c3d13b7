#!/usr/bin/env bash
# chat_test.sh PROGRAM: a conversation between two nodes, line by line; one of them is killed.
set -euo pipefail

# start NAME WITH: NAME_in and NAME_out are its terminal, NAME_pid its process.
start() {
  local name="$1" with="$2" terminal
  terminal="$(mktemp -d)"
  mkfifo "$terminal/in" "$terminal/out"
  "$program" --name="$name" --listen=unix:"$directory/$name" ${with:+--with="$with"} \
    <"$terminal/in" >"$terminal/out" &
  eval "${name}_pid=$!"
  eval "exec {${name}_in}>'$terminal/in' {${name}_out}<'$terminal/out'"
}
say() {
  local in="$1_in"
  echo "$2" >&"${!in}"
}
hear() {
  local out="$1_out" line
  read -r -t 30 line <&"${!out}"
  [[ $line = "$2" ]] || { echo "$1 heard '$line' instead of '$2'"; exit 1; }
}

program="$1"
directory="$(mktemp -d)"
trap 'kill "$ann_pid" "$bob_pid" 2>/dev/null || true' EXIT
bob_pid=
start ann ""
say ann "hello"
hear ann "first: /join ROOM"
say ann "/join lobby"
hear ann "2 in lobby"
say ann "nobody answers this"
say ann "hello, parrot"
hear ann "[lobby] parrot: hello, parrot"
say ann "/join cellar"
hear ann "1 in cellar"
say ann "is a parrot here?"
say ann "/join lobby"
hear ann "2 in lobby"

start bob "ann@unix:$directory/ann"
say bob "/join cellar"
hear bob "1 in cellar"
say bob "/join lobby"
hear ann "3 in lobby"
# Their PubSubs meet a moment after they are connected.
greet() {
  local line
  for _ in {1..30}; do
    say ann "hello, bob"
    while read -r -t 1 line <&"$bob_out"; do
      [[ $line = "[lobby] ann: hello, bob" ]] && return
      [[ $line = *" in lobby" ]] || { echo "bob heard '$line'"; exit 1; }
    done
  done
  exit 1
}
greet
kill -KILL "$bob_pid"
hear ann "2 in lobby"
say ann "/quit"
wait "$ann_pid"
