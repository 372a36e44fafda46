package daemon

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
	"culvert/supervisor"
)

func TestStatusTellsEverything(t *testing.T) {
	west, east := pair(t, "reauth_time = \"2h\"", "")
	west.up()
	carries(west, east)
	s := west.status()
	if s.Version != "test" || s.Config != west.config() || s.Started.IsZero() || s.Loaded.Before(s.Started) || s.Dataplane == "" {
		t.Errorf("the daemon is %+v", s)
	}
	if s.Process.Heap == 0 || s.Process.Goroutines < 2 {
		t.Errorf("it takes %+v", s.Process)
	}
	if c := s.Connections[0]; c.Name != "site" || c.Source != "file" || c.State != api.Up || strings.Join(c.Remote, " ") != east.addr || strings.Join(c.Children, " ") != "net" {
		t.Errorf("the connection is %+v", c)
	}
	sa := s.SAs[0]
	if sa.Connection != "site" || sa.State != api.SAEstablished || !sa.Initiator || sa.Local.ID != "west.example.org" || sa.Remote.ID != "east.example.org" ||
		sa.Local.Address != west.addr+":15501" || sa.Remote.Address != east.addr+":15501" || sa.Suite == "" {
		t.Errorf("the IKE SA is %+v", sa)
	}
	if sa.Established == nil || sa.Rekey == nil || sa.Reauth == nil || !sa.Reauth.After(*sa.Established) || time.Since(*sa.Established) > time.Minute {
		t.Errorf("its times are %v, %v, %v", sa.Established, sa.Rekey, sa.Reauth)
	}
	if q := sa.Quantum; q == nil || !q.IKE || !q.Children || strings.Join(q.Means, " ") != "ML-KEM-768 as ADDKE1" {
		t.Errorf("what withstands quantum computers is %+v", q)
	}
	cipher := api.Algorithm{Type: "encryption", Name: "AES_GCM_16", KeyBits: 256}
	if sa.ID != 1 || !slices.Contains(sa.Algorithms, cipher) || !slices.Contains(sa.Algorithms, api.Algorithm{Type: "key-exchange-1", Name: "ML_KEM_768"}) {
		t.Errorf("IKE SA %d has the algorithms %+v", sa.ID, sa.Algorithms)
	}
	if c := sa.Children[0]; c.ID != 1 || c.Reqid == 0 || !slices.Contains(c.Algorithms, cipher) {
		t.Errorf("child %d with reqid %d has the algorithms %+v", c.ID, c.Reqid, c.Algorithms)
	}
	if peer := east.status().SAs[0]; peer.SPI != sa.PeerSPI || peer.PeerSPI != sa.SPI || peer.Initiator {
		t.Errorf("the peer has SPIs %s, %s, we %s, %s", peer.SPI, peer.PeerSPI, sa.SPI, sa.PeerSPI)
	}
	c := sa.Children[0]
	if c.Name != "net" || c.State != api.ChildInstalled || c.Mode != "tunnel" || c.Encapsulation != "udp" || c.Suite == "" || c.KeyExchanges == nil ||
		strings.Join(c.Local, " ") != "10.1.0.0/24" || strings.Join(c.Remote, " ") != "10.2.0.0/24" || c.Rekey == nil || c.Expire == nil {
		t.Errorf("the child is %+v", c)
	}
	if c.Out.Packets != 1 || c.Out.Bytes == 0 || c.Out.LastUse == nil || c.In.Packets != 0 || c.In.LastUse != nil {
		t.Errorf("traffic is %+v out, %+v in", c.Out, c.In)
	}
}

// Lists that are empty are lists in JSON.
func TestStatusWithoutAnythingUp(t *testing.T) {
	west := newNode(t, "west", "10.1.0.0/24")
	west.write("", second)
	west.start()
	text, err := json.Marshal(west.status())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"sas":[]`, `"remote":[]`, `"children":[]`, `"state":"listening"`, `"esp_in_bytes":0`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

// Totals of traffic go on through every change of keys.
func TestTotalsNeverFall(t *testing.T) {
	west, east := pair(t, "", "")
	west.up()
	for i := range 4 {
		carries(west, east)
		if got := west.status().Counters["esp_out_packets"]; got < uint64(i) || got > uint64(i+1) {
			t.Errorf("%d packets out after %d", got, i+1)
		}
		west.await("the packet to be counted", func(s api.Status) bool { return s.Counters["esp_out_packets"] == uint64(i+1) })
		if err := west.client.Rekey(t.Context(), api.Command{Target: api.Target{Connection: "site"}, Layer: api.LayerChild}); err != nil {
			t.Fatal(err)
		}
	}
	if err := west.client.Down(t.Context(), command(api.Target{})); err != nil {
		t.Fatal(err)
	}
	s := west.status()
	if s.Counters["esp_out_packets"] != 4 || s.Counters["esp_out_bytes"] == 0 || s.Counters["ike_sent_create_child_sa_request"] < 4 || s.Counters["net_ike_sent"] == 0 {
		t.Errorf("counters are %v", s.Counters)
	}
	// The peer has answered before it removed what it counts.
	east.await("the packets to be counted by the peer", func(s api.Status) bool { return s.Counters["esp_in_packets"] == 4 })
}

// An SA that goes while the others are asked is missing for a moment; what is shown does not fall for it.
func TestHubShowsTheHighestTotals(t *testing.T) {
	h := newHub()
	h.removed(dataplane.Inbound, dataplane.Counters{Bytes: 100, Packets: 1})
	h.removed(dataplane.Outbound, dataplane.Counters{Bytes: 50, Packets: 2})
	sum := h.past()
	sum.add(dataplane.Inbound, dataplane.Counters{Bytes: 10, Packets: 3})
	for _, step := range []struct{ give, want uint64 }{{110, 110}, {90, 110}, {120, 120}} {
		sum.in.Bytes = step.give
		if got := h.show(sum); got.in.Bytes != step.want || got.out.Packets != 2 || got.in.Packets != 4 {
			t.Errorf("%d is shown as %+v", step.give, got)
		}
	}
}

func TestStateOfAConnection(t *testing.T) {
	conn := &ike.Connection{Name: "site", RemoteNames: []string{"peer.example.org"}, Children: []*ike.ChildConfig{{Name: "net"}}}
	tests := []struct {
		name string
		link supervisor.LinkStatus
		up   bool
		want api.ConnectionState
	}{
		{"up", supervisor.LinkStatus{Connection: conn, Connecting: true}, true, api.Up},
		{"connecting", supervisor.LinkStatus{Connection: conn, Connecting: true, NextAttempt: time.Now()}, false, api.Connecting},
		{"waiting", supervisor.LinkStatus{Connection: conn, Traps: []string{"net"}, NextAttempt: time.Now()}, false, api.Waiting},
		{"trapped", supervisor.LinkStatus{Connection: conn, Traps: []string{"net"}}, false, api.Trapped},
		{"listening", supervisor.LinkStatus{Connection: &ike.Connection{}}, false, api.Listening},
		{"idle", supervisor.LinkStatus{Connection: conn}, false, api.Idle},
	}
	for _, tt := range tests {
		if got := stateOf(tt.link, tt.up); got != tt.want {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
}

func TestKeyLogIsAWarning(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("key_log = \""+west.dir+"/keys\"\n", west.site(east, "", ""))
	west.start()
	w := west.status().Warnings
	if len(w) != 1 || w[0].Code != explain.HostKeyLog || !says(w[0].Text, west.dir+"/keys") || w[0].Action == "" {
		t.Errorf("warnings are %+v", w)
	}
	if !says(west.log.String(), "HOST-KEY-LOG") {
		t.Error("the log does not warn")
	}
}
