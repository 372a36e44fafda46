package cli

import (
	"strings"
	"testing"

	"culvert/api/apitest"
)

func TestTimesOutOfBoundsAreRefused(t *testing.T) {
	s := serving(t, apitest.New(8))
	for line, want := range map[string]string{
		"config apply x --confirm-within 0s":  `"0s" for "--confirm-within" flag: the least is 1s`,
		"config apply x --confirm-within=-5s": `"-5s" for "--confirm-within" flag: the least is 1s`,
		"config apply x --confirm-within 48h": `the most is 1d`,
		"config apply x --confirm-within 5":   `write a time as 90s`,
		"status -w --interval 0s":             "the least is 100ms",
		"top --interval 0s":                   "the least is 100ms",
		"up site --timeout=-1s":               "a time is not below 0",
		"keys export -o x --for 2h":           "the most is 1h",
		"test site --patience 0s":             "the least is 1ms",
	} {
		s.run(exitUsage, strings.Fields(line)...)
		if !strings.Contains(s.err.String(), want) {
			t.Errorf("%s: got %q, want %q in it", line, s.err.String(), want)
		}
	}
}
