package lab

import "testing"

func TestRacesAreFoundInLogs(t *testing.T) {
	log := "time=1 level=INFO\n==================\nWARNING: DATA RACE\nWrite at 0x00c0 by goroutine 7:\n  main.f()\n==================\ntime=2\n"
	if got := race(log); got != "Write at 0x00c0 by goroutine 7:\n  main.f()\n" {
		t.Errorf("got %q", got)
	}
	if got := race("time=1 level=WARN msg=\"no data race\"\n"); got != "" {
		t.Errorf("got %q where there is none", got)
	}
}
