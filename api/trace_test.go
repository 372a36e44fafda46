package api_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/explain"
)

func sampleTrace() api.Trace {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	return api.Trace{
		TraceSummary: api.TraceSummary{ID: "7", Connection: "office", Peer: "gw", Local: "192.0.2.1:500", Remote: "192.0.2.2:500",
			SA: "0102030405060708", Initiator: true, Started: noon, Outcome: api.TraceFailed, Count: 1,
			Failure: api.NewProblem(409, explain.IKENoProposal, "", "nothing in common")},
		Messages: []api.TraceMessage{{Time: noon, Direction: api.TraceSent, Exchange: "IKE_SA_INIT", Size: 400, RTT: time.Millisecond,
			Payloads: []api.TracePayload{{Type: "SA", Summary: "1 proposal", Fields: []api.TraceField{{Name: "proposal 1", Fields: []api.TraceField{{Name: "ENCR", Value: "AES_GCM_16"}}}}}}}},
		Marks: []api.TraceMark{{Time: noon, After: 1, Kind: api.EventFailure, Text: "refused"}},
	}
}

func TestTracesArriveAsTheyWereGiven(t *testing.T) {
	fake := apitest.New(8)
	fake.Traced = []api.Trace{sampleTrace()}
	fake.Told = map[string]api.Explanation{"7": {Trace: "7", Title: "x", Refused: api.SidePeer, Ours: []string{"a"}}}
	c, ctx := start(t, fake), context.Background()
	list, err := c.Traces(ctx, "office")
	if diff := cmp.Diff([]api.TraceSummary{sampleTrace().TraceSummary}, list); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if list, err = c.Traces(ctx, "other"); len(list) > 0 || err != nil {
		t.Errorf("got %v and %v", list, err)
	}
	one, err := c.Trace(ctx, "7")
	if diff := cmp.Diff(sampleTrace(), one); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	told, err := c.Explain(ctx, "7")
	if diff := cmp.Diff(fake.Told["7"], told); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err = c.Trace(ctx, "8"); problem(t, err).Status != http.StatusNotFound {
		t.Errorf("got %v", err)
	}
	if _, err = c.Explain(ctx, "a/b"); problem(t, err).Status != http.StatusNotFound {
		t.Errorf("got %v", err)
	}
}
