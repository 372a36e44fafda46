package cli

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/explain"
	"culvert/internal/golden"
)

func handshake() []api.Event {
	at := func(ms int) time.Time { return noon().Add(time.Duration(ms) * time.Millisecond) }
	return []api.Event{
		{Time: at(0), Kind: api.EventAttempt, Connection: "office", Text: "connecting to 198.51.100.7"},
		{Time: at(1), Kind: api.EventSent, Connection: "office", Text: "IKE_SA_INIT request 0"},
		{Time: at(4001), Kind: api.EventRetransmit, Connection: "office", Text: "IKE_SA_INIT request 0 again"},
		{Time: at(4020), Kind: api.EventUp, Connection: "office", Text: "IKE SA established"},
	}
}

func TestUpShowsWhatHappensAndThatItIsUp(t *testing.T) {
	fake := apitest.New(64)
	fake.Script = handshake()
	s := serving(t, fake)
	s.run(exitOK, "up", "office/net")
	golden.File(t, "testdata/up.txt", s.out.String())
	if s.err.Len() > 0 {
		t.Errorf("on standard error: %s", s.err.String())
	}
}

func TestUpFailsWithOneSentence(t *testing.T) {
	fake := apitest.New(64)
	fake.Script = handshake()[:3]
	fake.Err["up"] = api.NewProblem(0, explain.AuthPSKWrong, "compare the secrets of both sides", "vpn.example.net does not know our key")
	s := serving(t, fake)
	s.run(exitConnection, "up", "office")
	if got, want := s.err.String(), "culvert: vpn.example.net does not know our key: compare the secrets of both sides [AUTH-PSK-WRONG]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUpWritesEventsAndOutcomeAsLinesOfJSON(t *testing.T) {
	fake := apitest.New(64)
	fake.Script = handshake()
	s := serving(t, fake)
	s.run(exitOK, "up", "office", "--json")
	lines := strings.Split(strings.TrimSpace(s.out.String()), "\n")
	if len(lines) != 5 {
		t.Fatalf("got %d lines:\n%s", len(lines), s.out.String())
	}
	var e api.Event
	if err := json.Unmarshal([]byte(lines[3]), &e); err != nil || e.Kind != api.EventUp {
		t.Errorf("line 4 is %s, error %v", lines[3], err)
	}
	if lines[4] != `{"target":"office","result":"up"}` {
		t.Errorf("the last line is %s", lines[4])
	}
}

func TestFailureAsJSONIsAProblemOnStandardOutput(t *testing.T) {
	fake := apitest.New(64)
	fake.Err["down"] = api.NewProblem(404, explain.ManageNotFound, "", `there is no connection "x"`)
	s := serving(t, fake)
	s.run(exitNotFound, "down", "x", "--json")
	var p api.Problem
	if err := json.Unmarshal(s.out.Bytes(), &p); err != nil || p.Code != explain.ManageNotFound || s.err.Len() > 0 {
		t.Errorf("error %v, on standard output %s, on standard error %s", err, s.out.String(), s.err.String())
	}
}

func TestCommandsSayWhatTheyMean(t *testing.T) {
	tests := []struct {
		args       []string
		call, says string
	}{
		{[]string{"down", "office"}, "down office", "office is down\n"},
		{[]string{"down", "office", "--sa", "8c1f"}, "down office#8c1f", "office#8c1f is down\n"},
		{[]string{"rekey", "office"}, "rekey office ike", "office has new keys\n"},
		{[]string{"rekey", "office/net"}, "rekey office/net child", "office/net has new keys\n"},
		{[]string{"rekey", "office/net", "--ike"}, "rekey office/net ike", "office/net has new keys\n"},
		{[]string{"rekey", "office", "--child"}, "rekey office child", "office has new keys\n"},
		{[]string{"reauth", "office"}, "reauth office", "office is authenticated anew\n"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			fake := apitest.New(8)
			s := serving(t, fake)
			s.run(exitOK, tt.args...)
			if got := fake.Calls(); !slices.Equal(got, []string{tt.call}) || s.out.String() != tt.says {
				t.Errorf("asked %q, said %q", got, s.out.String())
			}
		})
	}
}

func TestExitCodesTellFailuresApart(t *testing.T) {
	tests := []struct {
		name string
		err  error
		code int
	}{
		{"peer refuses", api.NewProblem(0, explain.AuthPSKWrong, "", "x"), exitConnection},
		{"engine fails", api.NewProblem(0, "IKE-TIMEOUT", "", "x"), exitConnection},
		{"no such thing", api.NewProblem(0, explain.ManageNotFound, "", "x"), exitNotFound},
		{"other", errors.New("disk full"), exitFailure},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake := apitest.New(8)
			fake.Err["reauth"] = tt.err
			serving(t, fake).run(tt.code, "reauth", "office")
		})
	}
}

func TestCommandEndsWithItsTimeout(t *testing.T) {
	fake := apitest.New(8)
	fake.Hang["down"] = true
	s := serving(t, fake)
	s.run(exitTimeout, "down", "office", "--timeout", "10ms")
	if !strings.Contains(s.err.String(), "down office did not end within 0.01 s") {
		t.Errorf("got %s", s.err.String())
	}
}

func TestInterruptEndsQuietly(t *testing.T) {
	fake := apitest.New(8)
	fake.Hang["down"] = true
	s := serving(t, fake)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if got := Run(ctx, s.env, []string{"down", "office"}); got != exitInterrupted || s.err.Len() > 0 {
		t.Errorf("ended with %d and said %s", got, s.err.String())
	}
}

func TestDaemonThatIsNotThereIsSaid(t *testing.T) {
	s := newShell(t)
	socket := filepath.Join(t.TempDir(), "none")
	for _, args := range [][]string{{"status"}, {"up", "office"}, {"down", "office"}, {"pools"}, {"log"}, {"reload"}} {
		s.run(exitUnreachable, append(args, "--socket", socket)...)
		want := "culvert: there is no socket " + socket + ": start the daemon with `systemctl start culvert`, or name its socket with --socket [MANAGE-UNREACHABLE]\n"
		if got := s.err.String(); got != want {
			t.Errorf("%v: got %q, want %q", args, got, want)
		}
	}
}

func TestMistakesInCommandsAreUsage(t *testing.T) {
	tests := []struct {
		args []string
		says string
	}{
		{[]string{"stauts"}, `there is no command "stauts"; did you mean status?`},
		{[]string{"up"}, "needs the name of a connection"},
		{[]string{"up", "a", "b"}, `there is "b" as well`},
		{[]string{"up", "/net"}, "is no target"},
		{[]string{"up", "a/"}, "is no target"},
		{[]string{"up", "a/b/c"}, "is no target"},
		{[]string{"up", "a", "--tiemout", "1s"}, "unknown flag: --tiemout"},
		{[]string{"up", "a", "--timeout", "soon"}, "soon"},
		{[]string{"rekey", "a", "--ike", "--child"}, "ike child"},
		{[]string{"status", "a", "b"}, "takes one word at most"},
		{[]string{"reload", "now"}, `there is "now"`},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			s := newShell(t)
			s.run(exitUsage, tt.args...)
			if got := s.err.String(); !strings.Contains(got, tt.says) || !strings.Contains(got, "[MANAGE-USAGE]") || strings.Count(got, "\n") != 1 {
				t.Errorf("got %q", got)
			}
		})
	}
}
