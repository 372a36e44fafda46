package cli

import (
	"bytes"
	"context"
	"testing"
	"testing/fstest"
	"time"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/config"
	"culvert/explain"
)

// noon is the time at which everything happens.
func noon() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) }

func before(d time.Duration) *time.Time { t := noon().Add(-d); return &t }
func after(d time.Duration) *time.Time  { t := noon().Add(d); return &t }

// A shell runs commands and keeps what they write.
type shell struct {
	t        testing.TB
	env      Env
	out, err bytes.Buffer
	vars     map[string]string
}

func newShell(t testing.TB) *shell {
	s := &shell{t: t, vars: map[string]string{}}
	s.env = Env{
		Out: &s.out, Err: &s.err, Getenv: func(name string) string { return s.vars[name] }, Now: noon, Version: "1.2.3",
		Source: config.Source{Files: fstest.MapFS{}},
		Daemon: func(context.Context, DaemonOptions) error { t.Error("the daemon was run"); return nil },
	}
	return s
}

// serving returns a shell whose commands reach a fake daemon.
func serving(t testing.TB, fake *apitest.Fake) *shell {
	s := newShell(t)
	s.vars["CULVERT_SOCKET"] = apitest.Serve(t, fake)
	return s
}

// run runs a command and checks its exit code.
func (s *shell) run(code int, args ...string) {
	s.t.Helper()
	s.out.Reset()
	s.err.Reset()
	if got := Run(context.Background(), s.env, args); got != code {
		s.t.Errorf("culvert %q ended with %d, want %d\n%s%s", args, got, code, s.out.String(), s.err.String())
	}
}

func sampleStatus() api.Status {
	failure := api.NewProblem(0, explain.AuthPSKWrong, "compare the secrets of both sides", "branch.example.org does not know our key")
	return api.Status{
		Version: "1.2.3", Started: *before(75 * time.Hour), Loaded: noon(), Config: "/etc/culvert/culvert.hcl", Dataplane: "user",
		Connections: []api.Connection{
			{Name: "office", State: api.Up, Remote: []string{"vpn.example.net"}, Children: []string{"net", "voice"}},
			{Name: "branch", State: api.Waiting, Remote: []string{"203.0.113.9"}, Children: []string{"net"}, Attempts: 3, NextAttempt: after(20 * time.Second), LastFailure: failure},
			{Name: "clients", State: api.Listening, Children: []string{"all"}},
		},
		SAs:      []api.SA{sampleSA(), {State: api.SAConnecting, SPI: "00000000000000aa", Local: api.Endpoint{Address: "192.0.2.1:500"}, Remote: api.Endpoint{Address: "198.51.100.99:500"}}},
		Warnings: []api.Warning{{Code: explain.AuthPSKWeak, Text: "secret \"branch\" can be guessed (8 octets, about 20 bits).", Action: "Replace it."}},
		Counters: map[string]uint64{},
	}
}

func sampleSA() api.SA {
	return api.SA{
		Connection: "office", State: api.SAEstablished, Initiator: true, SPI: "8c1f0a2b3c4d5e6f", PeerSPI: "1112131415161718",
		Local:  api.Endpoint{Address: "192.0.2.1:4500", ID: "gw.example.org"},
		Remote: api.Endpoint{Address: "198.51.100.7:4500", ID: "vpn.example.net", NAT: true},
		Suite:  "aes256gcm16-prfsha384-x25519", Created: noon(), Established: before(3*time.Hour + 12*time.Minute), Rekey: after(44 * time.Minute),
		Quantum:    &api.Quantum{IKE: true, Children: true, Means: []string{"ML-KEM-768 as ADDKE1"}},
		VirtualIPs: []string{"10.9.0.7", "2001:db8:9::7"}, DNS: []string{"10.1.0.53"},
		Children: []api.Child{{
			Name: "net", State: api.ChildInstalled, Mode: "tunnel", Encapsulation: "udp", InSPI: "c0000001", OutSPI: "c0000002",
			Suite: "aes256gcm16-x25519-ke1_mlkem768-esn", KeyExchanges: []string{"CURVE_25519", "ML_KEM_768"}, PPK: "2026-11", Local: []string{"10.1.0.0/16"}, Remote: []string{"10.2.0.0/16", "10.3.0.0/16[tcp/443]"},
			Created: noon(), Rekey: after(31 * time.Minute),
			In: api.Traffic{Bytes: 1258291, Packets: 1034, LastUse: before(2 * time.Second)}, Out: api.Traffic{Bytes: 900, Packets: 12},
		}},
	}
}
