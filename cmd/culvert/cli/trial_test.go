package cli

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/explain"
	"culvert/trial/ping"
)

// A quiet host has an address of the tunnel, and nobody answers it.
type quiet struct{}

func (quiet) Addresses() ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("10.1.0.1")}, nil
}

func (quiet) Ping(context.Context, ping.Echo) (time.Duration, error) {
	return 0, context.DeadlineExceeded
}

// trying returns a shell whose daemon has a connection that is up, and whose host nobody answers.
func trying(t *testing.T) (*shell, *apitest.Fake) {
	fake := apitest.New(8)
	fake.Now = sampleStatus()
	s := serving(t, fake)
	s.env.Pinger = quiet{}
	return s, fake
}

func TestTrialShowsEachStep(t *testing.T) {
	s, _ := trying(t)
	s.run(exitFailure, "test", "office", "--ping", "10.2.0.9")
	got := s.out.String()
	for _, want := range []string{"ok       up (", "         it is up already, with net", "FAILED   traffic (", "do not enter net"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if !strings.Contains(s.err.String(), "office did not pass") || !strings.Contains(s.err.String(), "MANAGE-TRIAL") {
		t.Errorf("got %s", s.err.String())
	}
	s.run(exitFailure, "test", "office/net", "--ping", "10.2.0.9", "--json")
	var doc tried
	if err := json.Unmarshal(s.out.Bytes(), &doc); err != nil || doc.Target != "office/net" || doc.Result != "failed" || len(doc.Steps) != 2 {
		t.Errorf("%v in %s", err, s.out.String())
	}
}

func TestRefusalOfThePeerHasItsExitCode(t *testing.T) {
	s, fake := trying(t)
	fake.Now.SAs = nil
	fake.Err["up"] = api.NewProblem(0, explain.AuthPSKWrong, "compare the keys", "the peer does not know our key")
	s.run(exitConnection, "test", "office", "--child", "net")
	if got := s.out.String() + s.err.String(); !strings.Contains(got, "the peer does not know our key") || !strings.Contains(strings.Join(fake.Calls(), ","), "up office/net") {
		t.Errorf("asked %q, got %s", fake.Calls(), got)
	}
}

func TestTrialMistakes(t *testing.T) {
	s, _ := trying(t)
	for _, args := range [][]string{{"test"}, {"test", "a", "b"}, {"test", "office", "--ping", "host"}, {"test", "a/b/c"}, {"test", "office", "--patience", "0s"}} {
		s.run(exitUsage, args...)
	}
}
