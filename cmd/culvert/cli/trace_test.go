package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/explain"
	"culvert/internal/golden"
)

// traced is a fake that keeps a trace that failed, an older one that is up, and one of another connection.
func traced() *apitest.Fake {
	fake := apitest.New(8)
	failed := api.NewProblem(409, explain.AuthPSKWrong, "", "the keys differ")
	summary := func(id, connection string, outcome api.TraceOutcome, age time.Duration, failure *api.Problem) api.TraceSummary {
		return api.TraceSummary{ID: id, Connection: connection, Peer: "gw.example.org", Local: "192.0.2.1:500", Remote: "192.0.2.2:500", Started: *before(age), Outcome: outcome, Count: 1, Failure: failure}
	}
	message := func(exchange string) []api.TraceMessage {
		return []api.TraceMessage{{Time: noon(), Direction: api.TraceSent, Exchange: exchange, Size: 300, Payloads: []api.TracePayload{{Type: "Ni", Summary: "32 octets"}}}}
	}
	fake.Traced = []api.Trace{
		{TraceSummary: summary("9", "office", api.TraceRunning, time.Second, nil), Messages: message("IKE_SA_INIT")},
		{TraceSummary: summary("8", "office", api.TraceFailed, time.Minute, failed), Messages: message("IKE_AUTH")},
		{TraceSummary: summary("7", "home", api.TraceUp, time.Hour, nil), Messages: message("INFORMATIONAL")},
	}
	fake.Told = map[string]api.Explanation{"8": {
		Trace: "8", Connection: "office", Peer: "gw.example.org", Code: explain.AuthPSKWrong, Title: "The peer does not know the pre-shared key.",
		Text: "the keys of \x1b[2J both differ", Refused: api.SideUs, Ours: []string{"ours 1", "ours 2"}, Theirs: []string{"theirs"}, Differs: "the keys",
		Action: "Set the same key on both sides.", Steps: []string{"+0.000s we sent IKE_SA_INIT"},
	}, "7": {Trace: "7", Title: "Nothing has failed."}}
	return fake
}

func TestTraceDrawsTheNewestOrTheOneThatIsNamed(t *testing.T) {
	s := serving(t, traced())
	for args, want := range map[string]string{"trace": "IKE_SA_INIT", "trace office": "IKE_SA_INIT", "trace 8": "IKE_AUTH", "trace #7 -v": "Ni 32 octets", "trace home --format mermaid": "sequenceDiagram", "trace home --format svg": "<svg"} {
		s.run(exitOK, strings.Fields(args)...)
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("%s: no %s in\n%s", args, want, s.out.String())
		}
	}
	s.run(exitOK, "trace", "8", "--json")
	var one api.Trace
	if err := json.Unmarshal(s.out.Bytes(), &one); err != nil || one.ID != "8" || len(one.Messages) != 1 {
		t.Errorf("error %v in %s", err, s.out.String())
	}
	s.run(exitNotFound, "trace", "99")
	s.run(exitNotFound, "trace", "nowhere")
	s.run(exitUsage, "trace", "--format", "gif")
	s.run(exitUsage, "trace", "-f", "--format", "svg")
}

func TestTracesAreListed(t *testing.T) {
	s := serving(t, traced())
	s.run(exitOK, "trace", "--list")
	golden.File(t, "testdata/traces.txt", s.out.String())
	s.run(exitOK, "trace", "home", "--list", "--json")
	var list []api.TraceSummary
	if err := json.Unmarshal(s.out.Bytes(), &list); err != nil || len(list) != 1 {
		t.Errorf("error %v in %s", err, s.out.String())
	}
	s = serving(t, apitest.New(8))
	s.run(exitOK, "trace", "--list")
	if s.out.String() != "there are no traces\n" {
		t.Errorf("got %q", s.out.String())
	}
	s.run(exitNotFound, "trace")
}

func TestExplainTellsWhyAConnectionFailed(t *testing.T) {
	s := serving(t, traced())
	s.run(exitOK, "explain", "office")
	golden.File(t, "testdata/explanation.txt", s.out.String())
	s.run(exitOK, "explain", "home")
	if !strings.Contains(s.out.String(), "Nothing has failed.") {
		t.Errorf("got %s", s.out.String())
	}
	s.run(exitOK, "explain", "8", "--json")
	var e api.Explanation
	if err := json.Unmarshal(s.out.Bytes(), &e); err != nil || e.Code != explain.AuthPSKWrong {
		t.Errorf("error %v in %s", err, s.out.String())
	}
	s.run(exitNotFound, "explain", "nowhere")
}

// What comes after the first look is written once.
func TestFollowerWritesWhatIsNew(t *testing.T) {
	fake := traced()
	s := serving(t, fake)
	a := &app{Env: s.env, socket: s.vars["CULVERT_SOCKET"]}
	f := &traceFollower{app: a, client: a.client(), word: "home", tracing: tracing{format: "text"}}
	defer f.client.Close()
	look := func() string {
		s.out.Reset()
		if err := f.look(context.Background()); err != nil {
			t.Fatal(err)
		}
		return s.out.String()
	}
	if first := look(); !strings.Contains(first, "trace 7") || !strings.Contains(first, "INFORMATIONAL") {
		t.Errorf("first\n%s", first)
	}
	if again := look(); again != "" {
		t.Errorf("nothing is new, but\n%s", again)
	}
	one := &fake.Traced[2]
	one.Messages = append(one.Messages, api.TraceMessage{Time: noon(), Exchange: "CREATE_CHILD_SA", Response: true})
	one.Marks = append(one.Marks, api.TraceMark{Time: noon(), After: 2, Text: "child net up"})
	if more := look(); strings.Contains(more, "INFORMATIONAL") || !strings.Contains(more, "CREATE_CHILD_SA") || strings.Count(more, "child net up") != 1 {
		t.Errorf("more\n%s", more)
	}
	f.format = "json"
	one.Messages, one.Forgotten = one.Messages[:1], 2
	if more := look(); strings.Count(more, "INFORMATIONAL") != 1 || strings.Contains(more, "child net up") {
		t.Errorf("after messages were left out\n%s", more)
	}
	f.word = "nowhere"
	if got := look(); got != "" {
		t.Errorf("got %s", got)
	}
}
