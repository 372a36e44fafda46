package lab_test

import (
	"strings"
	"testing"

	"culvert/interop/lab"
)

// What a command complains of is no part of its result while it succeeds, and all of it is in the error when it fails.
func TestTryKeepsComplaintsOutOfResults(t *testing.T) {
	h := lab.New(t).Host("moon")
	if out, err := h.Try("sh", "-c", "echo result; echo complaint >&2"); out != "result\n" || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
	out, err := h.Try("sh", "-c", "echo result; echo complaint >&2; exit 3")
	if err == nil || out != "result\ncomplaint\n" || !strings.Contains(err.Error(), "complaint") {
		t.Errorf("got %q, %v", out, err)
	}
}
