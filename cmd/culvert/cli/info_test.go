package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/explain"
	"culvert/internal/golden"
)

func TestExplainTellsCauseAndAction(t *testing.T) {
	s := newShell(t)
	s.run(exitOK, "explain", "config-no-secret")
	golden.File(t, "testdata/explain.txt", s.out.String())
	s.run(exitNotFound, "explain", "NO-SUCH-CODE")
	s.run(exitOK, "explain", "CONFIG-NO-SECRET", "--json")
	var e explain.Entry
	if err := json.Unmarshal(s.out.Bytes(), &e); err != nil || e.Code != explain.ConfigNoSecret {
		t.Errorf("error %v in %s", err, s.out.String())
	}
}

func TestExplainListsEveryCode(t *testing.T) {
	s := newShell(t)
	s.run(exitOK, "explain")
	for _, e := range explain.All() {
		if !strings.Contains(s.out.String(), string(e.Code)) {
			t.Errorf("the list lacks %s", e.Code)
		}
	}
	s.run(exitOK, "explain", "--json")
	var all []explain.Entry
	if err := json.Unmarshal(s.out.Bytes(), &all); err != nil || len(all) != len(explain.All()) {
		t.Errorf("got %d codes, error %v", len(all), err)
	}
}

func TestPoolsShowUseAndLeases(t *testing.T) {
	fake := apitest.New(8)
	fake.Leases = []api.Pool{{Name: "clients", Size: "254", Online: 1, Offline: 1, Leases: []api.Lease{
		{Address: "10.9.0.1", Identity: "carol@example.org", Online: true, Since: *before(90 * time.Minute)},
		{Address: "10.9.0.2", Identity: "C=CH, O=Example, CN=dave", Since: *before(26 * time.Hour)},
	}}}
	s := serving(t, fake)
	s.run(exitOK, "pools", "--leases")
	golden.File(t, "testdata/pools.txt", s.out.String())
	s.run(exitOK, "pools")
	if strings.Contains(s.out.String(), "carol") {
		t.Errorf("leases without --leases:\n%s", s.out.String())
	}
	fake.Leases = []api.Pool{}
	s.run(exitOK, "pools")
	if s.out.String() != "there are no pools\n" {
		t.Errorf("got %q", s.out.String())
	}
	s.run(exitOK, "pools", "--json")
	if s.out.String() != "[]\n" {
		t.Errorf("got %q", s.out.String())
	}
}

func TestLogShowsThePastAndEnds(t *testing.T) {
	fake := apitest.New(8)
	s := serving(t, fake)
	for range 10 {
		fake.Log().Publish(api.LogEntry{Time: noon(), Level: "WARN", Text: "peer \x1b[2Jis slow", Attrs: map[string]string{"sa": "1", "connection": "office"}})
	}
	s.run(exitOK, "log", "-n", "20")
	lines := strings.Split(strings.TrimSpace(s.out.String()), "\n")
	if len(lines) != 8 {
		t.Errorf("got %d lines:\n%s", len(lines), s.out.String())
	}
	if want := "WARN  peer \ufffd[2Jis slow connection=office sa=1"; !strings.HasSuffix(lines[0], want) {
		t.Errorf("got %q, want an end of %q", lines[0], want)
	}
	s.run(exitOK, "log", "-n", "1", "--json")
	var e api.LogEntry
	if err := json.Unmarshal(s.out.Bytes(), &e); err != nil || e.Seq != 10 {
		t.Errorf("error %v in %s", err, s.out.String())
	}
	s.run(exitOK, "log", "--level", "error")
	if s.out.Len() > 0 {
		t.Errorf("got %s", s.out.String())
	}
	s.run(exitUsage, "log", "--level", "loud")
}

func TestSlowReaderIsToldWhatItMissed(t *testing.T) {
	s := newShell(t)
	a := &app{Env: s.env}
	a.showGap(7)
	a.json = true
	a.showGap(7)
	if got := s.out.String(); got != "... 7 lost, this reader was too slow\n{\"missed\":7}\n" {
		t.Errorf("got %q", got)
	}
}

func TestLogShowsEventsOfOneConnection(t *testing.T) {
	fake := apitest.New(8)
	fake.Events().Publish(api.Event{Time: noon(), Kind: api.EventUp, Connection: "other", Text: "not ours"})
	fake.Events().Publish(api.Event{Time: noon(), Kind: api.EventFailure, Connection: "office", Child: "net", Text: "child refused",
		Problem: api.NewProblem(0, explain.AuthPSKWrong, "do this", "because of that")})
	s := serving(t, fake)
	s.run(exitOK, "log", "--events", "--connection", "office")
	if got := s.out.String(); strings.Contains(got, "not ours") || !strings.Contains(got, "failure       office/net   child refused\n") || !strings.Contains(got, "because of that: do this [AUTH-PSK-WRONG]") {
		t.Errorf("got\n%s", got)
	}
}

func TestVersionIsForPeopleAndPrograms(t *testing.T) {
	s := newShell(t)
	s.run(exitOK, "version")
	if got := s.out.String(); !strings.HasPrefix(got, "culvert 1.2.3 (interface v1, go") || !strings.Contains(got, "\nAES-GCM: ") {
		t.Errorf("got %q", got)
	}
	s.run(exitOK, "version", "--json")
	var v versionInfo
	if err := json.Unmarshal(s.out.Bytes(), &v); err != nil || v.Version != "1.2.3" || v.API != "v1" || v.AESGCM == "" {
		t.Errorf("error %v in %s", err, s.out.String())
	}
}

func TestCompletionKnowsTheNamesThatTheDaemonHas(t *testing.T) {
	fake := apitest.New(8)
	fake.Now = sampleStatus()
	s := serving(t, fake)
	tests := []struct {
		args []string
		want []string
	}{
		{[]string{"up", ""}, []string{"office\tup", "branch\twaiting", "clients\tlistening"}},
		{[]string{"up", "office/"}, []string{"office/net", "office/voice"}},
		{[]string{"up", "office", ""}, nil},
		{[]string{"explain", "CONFIG-NO-S"}, []string{"CONFIG-NO-SECRET"}},
	}
	for _, tt := range tests {
		s.run(exitOK, append([]string{"__complete"}, tt.args...)...)
		for _, want := range tt.want {
			if !strings.Contains(s.out.String(), want) {
				t.Errorf("%q: got\n%s\nwant %q in it", tt.args, s.out.String(), want)
			}
		}
		if tt.want == nil && !strings.HasPrefix(s.out.String(), ":") {
			t.Errorf("%q: got\n%s", tt.args, s.out.String())
		}
	}
	s.vars["CULVERT_SOCKET"] = "/nowhere"
	s.run(exitOK, "__complete", "up", "")
	if !strings.HasPrefix(s.out.String(), ":") {
		t.Errorf("without a daemon:\n%s", s.out.String())
	}
}

func TestCompletionScriptsAreThere(t *testing.T) {
	for _, sh := range []string{"bash", "zsh", "fish", "powershell"} {
		s := newShell(t)
		s.run(exitOK, "completion", sh)
		if !strings.Contains(s.out.String(), "culvert") {
			t.Errorf("%s: got %d octets", sh, s.out.Len())
		}
	}
}
