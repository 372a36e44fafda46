package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/internal/golden"
)

func statusShell(t *testing.T) (*shell, *apitest.Fake) {
	fake := apitest.New(8)
	fake.Now = sampleStatus()
	return serving(t, fake), fake
}

func TestStatusIsReadableAt80Columns(t *testing.T) {
	s, _ := statusShell(t)
	s.run(exitOK, "status")
	golden.File(t, "testdata/status.txt", s.out.String())
	for line := range strings.Lines(s.out.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if strings.Contains(s.out.String(), "\x1b") {
		t.Error("colours without a terminal")
	}
}

func TestStatusOfOneConnectionLeavesOutTheRest(t *testing.T) {
	s, _ := statusShell(t)
	s.run(exitOK, "status", "branch")
	if got := s.out.String(); !strings.Contains(got, "branch") || strings.Contains(got, "office") {
		t.Errorf("got\n%s", got)
	}
	s.run(exitNotFound, "status", "nowhere")
}

func TestStatusAsJSONIsWhatTheDaemonSaid(t *testing.T) {
	s, fake := statusShell(t)
	s.run(exitOK, "status", "--json")
	var got api.Status
	if err := json.Unmarshal(s.out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, fake.Now); diff != "" {
		t.Errorf("got and want differ:\n%s", diff)
	}
}

func TestColoursAreForTerminalsThatWantThem(t *testing.T) {
	tests := []struct {
		name     string
		terminal bool
		vars     map[string]string
		want     bool
	}{
		{"terminal", true, nil, true},
		{"file", false, nil, false},
		{"NO_COLOR", true, map[string]string{"NO_COLOR": "1"}, false},
		{"dumb terminal", true, map[string]string{"TERM": "dumb"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := statusShell(t)
			s.env.Terminal = tt.terminal
			for k, v := range tt.vars {
				s.vars[k] = v
			}
			s.run(exitOK, "status")
			if got := strings.Contains(s.out.String(), "\x1b"); got != tt.want {
				t.Errorf("coloured: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestPeersCannotWriteToTheTerminal(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		s, fake := statusShell(t)
		s.env.Terminal = terminal
		fake.Now.Connections[0].Name = "a\x1b]0;owned\x07"
		fake.Now.SAs[0].Connection = "a\x1b]0;owned\x07"
		fake.Now.SAs[0].Remote.ID = "evil\x1b[2Jpeer\r\x9b31m"
		s.run(exitOK, "status")
		for _, bad := range []string{"\x1b]", "\x1b[2J", "\a", "\r", "\u009b"} {
			if strings.Contains(s.out.String(), bad) {
				t.Errorf("terminal %v: %q got through", terminal, bad)
			}
		}
	}
}

// A watch shows the status with each tick, waits for a daemon that restarts, and ends with its context.
func TestWatchGoesOnUntilInterrupted(t *testing.T) {
	s, _ := statusShell(t)
	s.env.Terminal = true
	ctx, cancel := context.WithCancel(context.Background())
	looks := &counter{limit: 3, reached: cancel}
	s.env.Out = looks
	if got := Run(ctx, s.env, []string{"status", "-w", "--interval", "100ms"}); got != exitInterrupted {
		t.Errorf("ended with %d", got)
	}
	if looks.n < 3 {
		t.Errorf("looked %d times", looks.n)
	}
}

func TestWatchWaitsForADaemonThatRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShell(t)
		s.vars["CULVERT_SOCKET"] = t.TempDir() + "/none"
		ctx, cancel := context.WithTimeout(context.Background(), 3500*time.Millisecond)
		defer cancel()
		Run(ctx, s.env, []string{"status", "-w"})
		if n := strings.Count(s.err.String(), "[MANAGE-UNREACHABLE]"); n != 4 {
			t.Errorf("said %d times that there is no daemon:\n%s", n, s.err.String())
		}
	})
}

// counter counts how often the screen is cleared.
type counter struct {
	n, limit int
	reached  func()
}

func (c *counter) Write(b []byte) (int, error) {
	if strings.Contains(string(b), "\x1b[2J") {
		if c.n++; c.n == c.limit {
			c.reached()
		}
	}
	return len(b), nil
}

// A counted writer counts how often it is written to.
type countedWriter struct{ writes int }

func (w *countedWriter) Write(b []byte) (int, error) {
	w.writes++
	return len(b), nil
}

// Thousands of IKE SAs are tens of thousands of lines, each of which would be a system call.
func TestStatusOfManyIsWrittenInLargePieces(t *testing.T) {
	s := sampleStatus()
	for len(s.SAs) < 1000 {
		s.SAs = append(s.SAs, s.SAs...)
	}
	w := new(countedWriter)
	a := &app{Env: Env{Out: w, Now: time.Now, Getenv: func(string) string { return "" }}}
	a.showStatus(&s)
	if w.writes == 0 || w.writes > len(s.SAs) {
		t.Errorf("%d writes for %d IKE SAs", w.writes, len(s.SAs))
	}
}
