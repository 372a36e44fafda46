#!/usr/bin/env bash
# Runs every fuzz target for a bounded time: ./fuzz.sh 3s
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
time=${1:-10s}
targets=$(grep -rhoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | wc -l)
passed=0
for folder in $(grep -rlE --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u); do
	for name in $(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$folder"/*_test.go | sed 's/^func //'); do
		run() { go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 5x "$folder" 2>&1; }
		# The fuzzer itself may trip over its own deadline on a busy machine; only a written input is a finding.
		if ! out=$(run) && { grep -q 'Failing input written' <<<"$out" || ! out=$(run); }; then
			printf '%s\n' "$out"
			echo "fuzz: $folder $name failed; the input lies in $folder/testdata/fuzz" >&2
			exit 1
		fi
		passed=$((passed + 1))
		echo "fuzz: $folder $name: $(grep -oE 'execs: [0-9]+' <<<"$out" | tail -n 1)"
	done
done
echo "fuzz: $passed of $targets targets ran for $time each without a finding"
