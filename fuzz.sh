#!/usr/bin/env bash
# Runs every fuzz target for a bounded time: ./fuzz.sh 3s
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
time=${1:-10s}
targets=$(grep -rhoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | wc -l)
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
inputs=$(go env GOCACHE)/fuzz/$(go list -m)

# The end of its time may reach the fuzzer before it reaches its workers, which it takes for a failure: that alone is no finding.
late() { grep -A 1 '^--- FAIL: ' <<<"$1" | grep -qx ' *context deadline exceeded'; }

passed=0
for folder in $(grep -rlE --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u); do
	go test -c -fuzz . -o "$built/fuzz.test" "$folder"
	for name in $(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$folder"/*_test.go | sed 's/^func //'); do
		run() {
			cd "$folder" && "$built/fuzz.test" -test.run '^$' -test.fuzz "^$name\$" -test.fuzztime "$time" -test.fuzzminimizetime 5x \
				-test.fuzzcachedir "$inputs/$folder" 2>&1
		}
		if ! out=$(run) && ! late "$out"; then
			printf '%s\n' "$out"
			echo "fuzz: $folder $name failed; the input lies in $folder/testdata/fuzz" >&2
			exit 1
		fi
		passed=$((passed + 1))
		echo "fuzz: $folder $name: $(grep -oE 'execs: [0-9]+' <<<"$out" | tail -n 1)"
	done
done
echo "fuzz: $passed of $targets targets ran for $time each without a finding"
