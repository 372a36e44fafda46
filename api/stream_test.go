package api_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/explain"
)

var errEnough = errors.New("enough")

func office() api.Command { return api.Command{Target: api.Target{Connection: "office"}} }

func script() []api.Event {
	return []api.Event{
		{Kind: api.EventAttempt, Connection: "office", Text: "connecting"},
		{Kind: api.EventUp, Connection: "other", Text: "not ours"},
		{Kind: api.EventChildUp, Connection: "office", Child: "net", Text: "child up"},
	}
}

func TestUpTellsProgressAndSuccess(t *testing.T) {
	fake := apitest.New(64)
	fake.Script = script()
	var seen []string
	if err := start(t, fake).Up(context.Background(), office(), func(e api.Event) { seen = append(seen, e.Text) }); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, ", "); got != "connecting, child up" {
		t.Errorf("got %q", got)
	}
}

func TestUpEndsWithTheProblem(t *testing.T) {
	fake := apitest.New(64)
	fake.Script = script()
	fake.Err["up"] = api.NewProblem(0, explain.AuthPSKWrong, "", "the peer's key differs")
	var seen int
	err := start(t, fake).Up(context.Background(), office(), func(api.Event) { seen++ })
	if p := problem(t, err); p.Code != explain.AuthPSKWrong || seen != 2 {
		t.Errorf("got %v after %d events, want %s after 2", p, seen, explain.AuthPSKWrong)
	}
}

func TestUpGivesUpWithTheClient(t *testing.T) {
	fake := apitest.New(64)
	fake.Script = script()
	fake.Hang["up"] = true // ends only when the server cancels it; otherwise the test does not end
	ctx, cancel := context.WithCancel(context.Background())
	err := start(t, fake).Up(ctx, office(), func(api.Event) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestEventsBeginWithTheBacklogAndGoOn(t *testing.T) {
	fake := apitest.New(64)
	for _, text := range []string{"one", "two", "three"} {
		fake.Events().Publish(api.Event{Text: text, Connection: "office"})
	}
	c := start(t, fake)
	var seen []string
	err := c.Events(context.Background(), api.Follow{Backlog: 2, Connection: "office"}, func(e api.Event) error {
		seen = append(seen, e.Text)
		switch e.Text {
		case "three":
			fake.Events().Publish(api.Event{Text: "elsewhere", Connection: "other"})
			fake.Events().Publish(api.Event{Text: "four", Connection: "office"})
		case "four":
			return errEnough
		}
		return nil
	}, func(uint64) {})
	if got := strings.Join(seen, " "); err != errEnough || got != "two three four" {
		t.Errorf("got %q and %v", got, err)
	}
}

func TestStreamOfThePastEnds(t *testing.T) {
	fake := apitest.New(4)
	for range 6 {
		fake.Events().Publish(api.Event{})
	}
	var seen int
	c := start(t, fake)
	if err := c.Events(context.Background(), api.Follow{Backlog: 100, Once: true}, func(api.Event) error { seen++; return nil }, func(uint64) {}); err != nil || seen != 4 {
		t.Errorf("saw %d events, error %v", seen, err)
	}
	if err := c.Log(context.Background(), api.Follow{Once: true}, func(api.LogEntry) error { return errEnough }, func(uint64) {}); err != nil {
		t.Errorf("an empty log: %v", err)
	}
}

func TestLogIsFilteredByLevel(t *testing.T) {
	fake := apitest.New(64)
	for _, level := range []string{"DEBUG", "INFO", "WARN", "ERROR"} {
		fake.Log().Publish(api.LogEntry{Level: level, Text: level})
	}
	var seen []string
	err := start(t, fake).Log(context.Background(), api.Follow{Backlog: 10, Level: "warn"}, func(e api.LogEntry) error {
		seen = append(seen, e.Text)
		if e.Level == "ERROR" {
			return errEnough
		}
		return nil
	}, func(uint64) {})
	if got := strings.Join(seen, " "); err != errEnough || got != "WARN ERROR" {
		t.Errorf("got %q and %v", got, err)
	}
}

func TestSlowReaderFindsAGapAndHoldsUpNobody(t *testing.T) {
	fake := apitest.New(4)
	fake.Events().Publish(api.Event{Text: "first"})
	reading, published := make(chan struct{}), make(chan struct{})
	go func() {
		<-reading
		// Far more than socket buffers hold: were anybody waited for, this would never end.
		for range 100_000 {
			fake.Events().Publish(api.Event{Text: strings.Repeat("x", 100)})
		}
		close(published)
	}()
	var missed uint64
	seen := 0
	err := start(t, fake).Events(context.Background(), api.Follow{Backlog: 1}, func(e api.Event) error {
		if e.Text == "first" {
			close(reading)
			<-published
		}
		seen++
		if e.Seq == 100_001 {
			return errEnough
		}
		return nil
	}, func(n uint64) { missed += n })
	if err != errEnough || missed == 0 || uint64(seen)+missed != 100_001 {
		t.Errorf("saw %d and missed %d of 100001 events, error %v", seen, missed, err)
	}
}

func TestStreamEndsWithTheDaemon(t *testing.T) {
	fake := apitest.New(4)
	ctx, cancel := context.WithCancel(context.Background())
	socket := t.TempDir() + "/s"
	l, err := api.Listen(socket, "")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- api.NewServer(fake, "test").Serve(ctx, l) }()
	fake.Events().Publish(api.Event{Text: "x"})
	err = api.NewClient(socket).Events(context.Background(), api.Follow{Backlog: 1}, func(api.Event) error { cancel(); return nil }, func(uint64) {})
	if p := problem(t, err); p.Code != explain.ManageUnreachable {
		t.Errorf("got %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
	if _, err := net.Dial("unix", socket); err == nil {
		t.Error("the socket is still there")
	}
}
