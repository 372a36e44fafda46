package api_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/config"
	"culvert/explain"
)

func start(t *testing.T, fake *apitest.Fake) *api.Client {
	t.Helper()
	c := api.NewClient(apitest.Serve(t, fake))
	t.Cleanup(c.Close)
	return c
}

func problem(t *testing.T, err error) *api.Problem {
	t.Helper()
	var p *api.Problem
	if !errors.As(err, &p) {
		t.Fatalf("got %v, want a problem", err)
	}
	return p
}

func sampleStatus() api.Status {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	sa := api.SA{
		Connection: "office", State: api.SAEstablished, SPI: "0102030405060708", PeerSPI: "1112131415161718",
		Local: api.Endpoint{Address: "192.0.2.1:500", ID: "gw"}, Remote: api.Endpoint{Address: "192.0.2.2:4500", ID: "peer", NAT: true},
		Created: now, Established: &now,
		Children: []api.Child{{Name: "net", State: api.ChildInstalled, Mode: "tunnel", Encapsulation: "udp", InSPI: "c0000001", OutSPI: "c0000002",
			Local: []string{"10.1.0.0/16"}, Remote: []string{"10.2.0.0/16"}, Created: now, In: api.Traffic{Bytes: 1, Packets: 2, LastUse: &now}}},
	}
	return api.Status{
		Version: "1", Started: now, Loaded: now, Config: "/etc/culvert/culvert.hcl", Listening: []string{"0.0.0.0:500"}, Dataplane: "user",
		Connections: []api.Connection{{Name: "office", State: api.Up, Remote: []string{"192.0.2.2"}, Children: []string{"net"}}},
		SAs:         []api.SA{sa, {State: api.SAConnecting, SPI: "ff", Created: now, Children: []api.Child{}}},
		Warnings:    []api.Warning{{Code: explain.AuthPSKWeak, Text: "weak"}},
		Counters:    map[string]uint64{"handshakes": 3},
	}
}

func TestStatusArrivesAsItWasGiven(t *testing.T) {
	fake := apitest.New(8)
	fake.Now = sampleStatus()
	got, err := start(t, fake).Status(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, fake.Now); diff != "" {
		t.Errorf("got and want differ:\n%s", diff)
	}
}

func TestPoolsArriveAsTheyWereGiven(t *testing.T) {
	fake := apitest.New(8)
	fake.Leases = []api.Pool{{Name: "clients", Size: "254", Online: 1, Leases: []api.Lease{{Address: "10.9.0.1", Identity: "carol", Online: true}}}}
	got, err := start(t, fake).Pools(context.Background())
	if diff := cmp.Diff(got, fake.Leases); err != nil || diff != "" {
		t.Errorf("error %v, got and want differ:\n%s", err, diff)
	}
}

func TestCommandsReachTheDaemon(t *testing.T) {
	fake := apitest.New(8)
	c := start(t, fake)
	ctx := context.Background()
	net := api.Target{Connection: "office", Child: "net"}
	all := api.Target{Connection: "office"}
	for _, err := range []error{
		c.Down(ctx, api.Command{Target: net}),
		c.Rekey(ctx, api.Command{Target: net}),
		c.Rekey(ctx, api.Command{Target: all}),
		c.Rekey(ctx, api.Command{Target: all, Layer: api.LayerChild}),
		c.Reauth(ctx, api.Command{Target: api.Target{Connection: "office", SA: "0102"}}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	want := []string{"down office/net", "rekey office/net child", "rekey office ike", "rekey office child", "reauth office#0102"}
	if got := fake.Calls(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReloadTellsTheDifference(t *testing.T) {
	fake := apitest.New(8)
	fake.Applied = api.Reloaded{Added: []string{"connection a"}, Removed: []string{}, Changed: []string{"child b/c"}}
	got, err := start(t, fake).Reload(context.Background())
	if diff := cmp.Diff(got, fake.Applied); err != nil || diff != "" {
		t.Errorf("error %v, got and want differ:\n%s", err, diff)
	}
}

func TestRefusedConfigurationArrivesWithItsDiagnostics(t *testing.T) {
	fake := apitest.New(8)
	found := config.Diagnostics{{Severity: config.Error, Code: explain.ConfigSyntax, Place: config.Place{File: "/f", Line: 1, Column: 2}, Message: "m"}}
	fake.Err["reload"] = found.Err()
	fake.Findings = found
	c := start(t, fake)
	_, err := c.Reload(context.Background())
	p := problem(t, err)
	if p.Code != explain.ManageConfigRefused || p.Status != http.StatusUnprocessableEntity {
		t.Errorf("got %s and status %d", p.Code, p.Status)
	}
	if diff := cmp.Diff(p.Diagnostics, found); diff != "" {
		t.Errorf("diagnostics differ:\n%s", diff)
	}
	checked, err := c.Check(context.Background())
	if diff := cmp.Diff(checked, found); err != nil || diff != "" {
		t.Errorf("check: error %v, diagnostics differ:\n%s", err, diff)
	}
}

func TestFailuresArriveWhole(t *testing.T) {
	explained := api.NewProblem(0, explain.AuthPSKWrong, "compare the keys", "the peer's key differs")
	tests := []struct {
		name   string
		err    error
		code   explain.Code
		status int
		text   string
	}{
		{"problem", explained, explain.AuthPSKWrong, http.StatusConflict, "the peer's key differs: compare the keys [AUTH-PSK-WRONG]"},
		{"problem with status", api.NewProblem(404, explain.ManageNotFound, "x", "y"), explain.ManageNotFound, 404, "y: x [MANAGE-NOT-FOUND]"},
		{"other error", errors.New("disk on fire"), explain.ManageInternal, http.StatusInternalServerError, "disk on fire"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake := apitest.New(8)
			fake.Err["down"] = tt.err
			p := problem(t, start(t, fake).Down(context.Background(), api.Command{Target: api.Target{Connection: "office"}}))
			if p.Code != tt.code || p.Status != tt.status || !strings.Contains(p.Error(), tt.text) {
				t.Errorf("got %s, status %d, %q", p.Code, p.Status, p.Error())
			}
		})
	}
	if explained.Status != 0 {
		t.Error("the daemon's own problem was changed")
	}
}

func TestCommandEndsWithItsTime(t *testing.T) {
	fake := apitest.New(8)
	fake.Hang["down"] = true
	fake.Hang["up"] = true
	c := start(t, fake)
	cmd := api.Command{Target: api.Target{Connection: "office"}, TimeoutSeconds: 0.01}
	for name, err := range map[string]error{
		"down": c.Down(context.Background(), cmd),
		"up":   c.Up(context.Background(), cmd, func(api.Event) {}),
	} {
		if p := problem(t, err); p.Code != explain.ManageTimeout {
			t.Errorf("%s: got %v, want %s", name, p, explain.ManageTimeout)
		}
	}
}

func TestClientSaysWhyThereIsNoAnswer(t *testing.T) {
	c := api.NewClient(t.TempDir() + "/none")
	_, err := c.Status(context.Background())
	if p := problem(t, err); p.Code != explain.ManageUnreachable || !strings.Contains(p.Detail, "there is no socket") || p.Action == "" {
		t.Errorf("got %v", p)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
}
