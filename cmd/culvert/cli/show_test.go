package cli

import (
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/explain"
)

// shows checks what the status of one thing says.
func shows(t *testing.T, change func(*api.Status), want ...string) {
	t.Helper()
	fake := apitest.New(1)
	fake.Now = api.Status{Version: "1", Started: noon(), Connections: []api.Connection{{Name: "a", State: api.Idle}}}
	change(&fake.Now)
	s := serving(t, fake)
	s.run(exitOK, "status")
	for _, text := range want {
		if !strings.Contains(s.out.String(), text) {
			t.Errorf("no %q in\n%s", text, s.out.String())
		}
	}
}

func TestConnectionsShowTheirState(t *testing.T) {
	failure := &api.Problem{Code: explain.AuthPSKWrong, Detail: "the key differs"}
	tests := []struct {
		name string
		c    api.Connection
		want string
	}{
		{"idle", api.Connection{Name: "a", State: api.Idle}, "a           idle   any\n"},
		{"several addresses", api.Connection{Name: "a", State: api.Trapped, Remote: []string{"192.0.2.1", "vpn.example.net"}}, "a           trapped  192.0.2.1 vpn.example.net\n"},
		{"waiting", api.Connection{Name: "a", State: api.Waiting, Attempts: 1, NextAttempt: after(90 * time.Second)}, "a           waiting  any   attempt 2 in 1m30s\n"},
		{"overdue", api.Connection{Name: "a", State: api.Waiting, NextAttempt: before(time.Minute)}, "attempt 1 in 0s\n"},
		{"failed", api.Connection{Name: "a", State: api.Idle, LastFailure: failure}, "the key differs [AUTH-PSK-WRONG]\n"},
		{"up after a failure", api.Connection{Name: "a", State: api.Up, LastFailure: failure}, "a           up     any\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shows(t, func(s *api.Status) { s.Connections = []api.Connection{tt.c} }, tt.want)
		})
	}
}

func TestChildThatIsMissingShowsWhy(t *testing.T) {
	failure := &api.Problem{Code: explain.IKEAggFrag, Detail: "the peer does not use it"}
	status := func(up ...string) func(*api.Status) {
		sa := api.SA{Connection: "a", State: api.SAEstablished}
		for _, name := range up {
			sa.Children = append(sa.Children, api.Child{Name: name})
		}
		return func(s *api.Status) {
			s.Connections = []api.Connection{{Name: "a", State: api.Up, Children: []string{"net", "dmz"}, LastFailure: failure}}
			s.SAs = []api.SA{sa}
		}
	}
	shows(t, status("net"), "1 IKE SA, 1 child; dmz not up: the peer")
	shows(t, status("net", "dmz"), "1 IKE SA, 2 children\n")
}

func TestSAsShowWhatTheyHave(t *testing.T) {
	tests := []struct {
		name string
		sa   api.SA
		want []string
	}{
		{"we connected", api.SA{Connection: "a", Initiator: true, Local: api.Endpoint{Address: "l"}, Remote: api.Endpoint{Address: "r"}}, []string{"  l -> r\n"}},
		{"the peer connected", api.SA{Connection: "a", Local: api.Endpoint{Address: "l"}, Remote: api.Endpoint{Address: "r"}}, []string{"  l <- r\n"}},
		{"behind NAT", api.SA{Local: api.Endpoint{Address: "l", NAT: true}, Remote: api.Endpoint{Address: "r", ID: "peer", NAT: true}}, []string{"l (behind NAT) <- r (peer, behind NAT)", "(unknown)"}},
		{"reauthentication", api.SA{SPI: "1", Reauth: after(time.Hour)}, []string{"spi 1, reauthentication in 1h\n"}},
		{"safe", api.SA{Quantum: &api.Quantum{IKE: true, Children: true, Means: []string{"ML-KEM-768 as ADDKE1", "PPK \"x\""}}}, []string{"  quantum-resistant: ML-KEM-768 as ADDKE1; PPK \"x\"\n"}},
		{"children safe", api.SA{Quantum: &api.Quantum{Children: true, Means: []string{"PPK \"x\""}}}, []string{"  quantum-resistant in part: PPK \"x\"\n"}},
		{"proven", api.SA{Local: api.Endpoint{Auth: []string{"public key"}}, Remote: api.Endpoint{Auth: []string{"public key", "EAP-MSCHAPv2"}, IKEID: "192.0.2.7"}},
			[]string{"  authenticated by public key, peer by public key and EAP-MSCHAPv2", "itself 192.0.2.7\n"}},
		{"not safe", api.SA{Quantum: &api.Quantum{}}, []string{"  not quantum-resistant\n"}},
		{"as gateway", api.SA{Leases: []string{"10.9.0.1", "2001:db8::1"}}, []string{"  leased 10.9.0.1 2001:db8::1\n"}},
		{"a user", api.SA{User: "carol", Groups: []string{"staff", "sales"}, Session: "5ca1"}, []string{"  user carol of staff, sales, session 5ca1\n"}},
		{"as client", api.SA{VirtualIPs: []string{"10.9.0.1"}, DNS: []string{"10.1.0.53"}}, []string{"  virtual addresses 10.9.0.1\n  DNS servers 10.1.0.53\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { shows(t, func(s *api.Status) { s.SAs = []api.SA{tt.sa} }, tt.want...) })
	}
}

func TestChildrenShowWhatTheyCarry(t *testing.T) {
	child := api.Child{
		Name: "net", State: api.ChildRekeyed, Mode: "transport", Encapsulation: "esp", InSPI: "c0000001", OutSPI: "c0000002", Suite: "aes256gcm16",
		Local: []string{"10.1.0.0/16", "10.7.0.0/16"}, Remote: []string{"0.0.0.0/0"}, In: api.Traffic{Bytes: 3 << 40, Packets: 123456789, LastUse: before(26 * time.Hour)},
	}
	shows(t, func(s *api.Status) { s.SAs = []api.SA{{Connection: "a", Children: []api.Child{child}}} },
		"  net  rekeyed, transport, raw ESP, aes256gcm16\n",
		"    keys from the IKE SA\n    10.1.0.0/16 10.7.0.0/16 === 0.0.0.0/0\n",
		"    in  c0000001     3.0 TiB 123456789 pkt  1d2h ago\n",
		"    out c0000002         0 B     0 pkt\n",
		"1 connection, 1 IKE SA, 1 child\n")
	child.IPTFSDeclined = true
	shows(t, func(s *api.Status) { s.SAs = []api.SA{{Connection: "a", Children: []api.Child{child}}} },
		"    no IP-TFS: the peer does not use it, and traffic shows its shape\n")
}

func TestEmptyStatusIsOneLine(t *testing.T) {
	fake := apitest.New(1)
	fake.Now = api.Status{Version: "1", Started: noon().Add(time.Hour)} // the clock went back
	s := serving(t, fake)
	s.run(exitOK, "status")
	if got := s.out.String(); got != "culvert 1, up 0s, 0 connections, 0 IKE SAs, 0 children\n" {
		t.Errorf("got %q", got)
	}
}

func TestStatusUsesTheWidthOfTheTerminal(t *testing.T) {
	long := strings.Repeat("word ", 60)
	for width, lines := range map[int]int{0: 5, 80: 5, 200: 2, 5: 16} {
		fake := apitest.New(1)
		fake.Now = api.Status{Version: "1", Started: noon(), Warnings: []api.Warning{{Code: "X", Text: long}}}
		s := serving(t, fake)
		s.env.Width = width
		s.run(exitOK, "status")
		if got := strings.Count(s.out.String(), "\n") - 2; got != lines {
			t.Errorf("%d columns: %d lines of warning, want %d\n%s", width, got, lines, s.out.String())
		}
	}
}

func TestTargetsAreRead(t *testing.T) {
	for text, want := range map[string]api.Target{"a": {Connection: "a"}, "a/c": {Connection: "a", Child: "c"}} {
		if got, err := parseTarget(text); err != nil || got != want {
			t.Errorf("%q: got %+v and %v", text, got, err)
		}
	}
	for _, text := range []string{"", "/", "a/", "/c", "a/b/c"} {
		if got, err := parseTarget(text); err == nil {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}
