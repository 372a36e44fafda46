package daemon

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"culvert/dataplane"
	"culvert/explain"
)

func TestRestorationIsLoggedOnceForWhatBelongsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out buffer
		r := &restorations{log: slog.New(slog.NewTextHandler(&out, nil))}
		for range 20 {
			r.note(dataplane.Restored{Rules: 2, Routes: 1})
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Second)
		if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "code=HOST-REMOVED interfaces=0 rules=40 routes=20 addresses=0 filters=0 policies=0 sas=0") {
			t.Errorf("log: %s", got)
		}
		if w := r.warning(); len(w) != 0 {
			t.Errorf("one occasion is no fight: %+v", w)
		}
	})
}

func TestFightIsAWarningAndOneLineAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out buffer
		r := &restorations{log: slog.New(slog.NewTextHandler(&out, nil))}
		for range 240 { // four minutes
			r.note(dataplane.Restored{Rules: 1})
			time.Sleep(time.Second)
		}
		if n := strings.Count(out.String(), "\n"); n < 4 || n > 5 {
			t.Errorf("%d lines: %s", n, out.String())
		}
		if w := r.warning(); len(w) != 1 || w[0].Code != explain.HostRemoved || !strings.Contains(w[0].Text, "240 times") || w[0].Action == "" {
			t.Errorf("warnings %+v", w)
		}
		time.Sleep(fightWindow + time.Minute)
		if w := r.warning(); len(w) != 0 {
			t.Errorf("after the fight: %+v", w)
		}
		r.note(dataplane.Restored{Rules: 1})
		r.stop()
		lines := len(out.String())
		time.Sleep(time.Hour)
		if len(out.String()) != lines {
			t.Errorf("a line after the end: %s", out.String()[lines:])
		}
	})
}
