#!/usr/bin/env bash
# Runs every fuzz target for a bounded time: ./fuzz.sh 3s
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
time=${1:-10s}
go test -list '^Fuzz' ./... | awk '/^Fuzz/ { names = names " " $1 } /^ok/ { if (names != "") print $2 names; names = "" }' |
while read -r package names; do
	for name in $names; do
		go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 5x "$package" | tail -n 1 | sed "s|^|$name |"
	done
done
