package kernel_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// The tests of package dataplane/xfrm that talk to the kernel, here where it has ESP. None of them may be skipped.
func TestKernelBackend(t *testing.T) {
	out, err := exec.Command(xfrmTestPath, "-test.v", "-test.run=^TestKernel").CombinedOutput()
	results := split(string(out))
	for _, r := range results {
		t.Run(r.name, func(t *testing.T) {
			if r.verdict != "PASS" {
				t.Errorf("%s:\n%s", r.verdict, r.text)
			}
		})
	}
	if err != nil || len(results) == 0 {
		t.Errorf("%d tests, %v:\n%s", len(results), err, out)
	}
}

// A result is what a test binary says of one of its tests.
type result struct{ name, verdict, text string }

var verdictLine = regexp.MustCompile(`(?m)^--- (PASS|FAIL|SKIP): (\S+) .*$`)

// split finds the results in the output of a test binary that runs one test after the other.
func split(out string) []result {
	var list []result
	for _, block := range strings.Split("\n"+out, "\n=== RUN   ")[1:] {
		name, _, _ := strings.Cut(block, "\n")
		top, _, sub := strings.Cut(name, "/")
		if !sub {
			list = append(list, result{name: top, verdict: "UNFINISHED"})
		}
		last := &list[len(list)-1]
		last.text += block + "\n"
		for _, m := range verdictLine.FindAllStringSubmatch(block, -1) {
			if m[2] == last.name {
				last.verdict = m[1]
			}
		}
	}
	return list
}

func TestResultsOfATestBinary(t *testing.T) {
	got := split("=== RUN   TestA\n    a_test.go:1: text\n--- FAIL: TestA (0.10s)\n=== RUN   TestB\n=== RUN   TestB/c\n    --- PASS: TestB/c (0.00s)\n" +
		"--- PASS: TestB (0.00s)\n=== RUN   TestD\n    d_test.go:2: why\n--- SKIP: TestD (0.00s)\n=== RUN   TestE\npanic: oops\n")
	var verdicts []string
	for _, r := range got {
		verdicts = append(verdicts, r.name+" "+r.verdict)
	}
	if want := "TestA FAIL, TestB PASS, TestD SKIP, TestE UNFINISHED"; strings.Join(verdicts, ", ") != want {
		t.Errorf("got %q, want %s", verdicts, want)
	}
	if !strings.Contains(got[0].text, "a_test.go:1: text") {
		t.Errorf("the text is %q", got[0].text)
	}
}
