package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
)

// up is the news that an IKE SA, or with a policy a child of it, came up.
func up(connection, peer string, policy dataplane.PolicyID, took time.Duration) ike.News {
	n := ike.News{Kind: ike.NewsEstablished, Connection: &ike.Connection{Name: connection}, Peer: peer, Took: took}
	if policy != 0 {
		n.Kind, n.Child = ike.NewsChildUp, &ike.ChildInfo{Name: "net", Policy: policy}
	}
	return n
}

func octets(n uint64) dataplane.Counters { return dataplane.Counters{Bytes: n, Packets: 1} }

// What an SA has carried stays in the sums of its child and peer when it is removed, also after its child was rekeyed.
func TestTrafficOfGoneSAsCounts(t *testing.T) {
	tally := NewTally(10)
	tally.Follow(up("office", "gw", 0, 0))
	tally.Follow(up("office", "gw", 7, 0))
	tally.Removed(dataplane.Inbound, 7, octets(100))
	rekeyed := up("office", "gw", 7, 0)
	rekeyed.Kind = ike.NewsChildRekeyed
	tally.Follow(rekeyed)
	tally.Removed(dataplane.Outbound, 7, octets(10))
	sums := tally.Past()
	sums.Add(Owner{"office", "net", "gw"}, Traffic{InBytes: 1, InPackets: 1})
	sums.Add(Owner{"office", "net", "a stranger"}, Traffic{InBytes: 5})
	c := tally.Counts(sums)
	if got, want := c.Carried.Children[Pair{"office", "net"}], (Traffic{106, 2, 10, 1}); got != want {
		t.Errorf("the child has %+v", got)
	}
	if got, want := c.Carried.Peers[Pair{"office", "gw"}], (Traffic{101, 2, 10, 1}); got != want || len(c.Carried.Peers) != 1 {
		t.Errorf("the peers have %+v", c.Carried.Peers)
	}
	if c.Rekeyed[Pair{"office", "net"}] != 1 {
		t.Errorf("rekeyed: %v", c.Rekeyed)
	}
	tally.Forget(7)
	tally.Removed(dataplane.Inbound, 7, octets(1000))
	if got := tally.Past().Children[Pair{"office", "net"}].InBytes; got != 100 {
		t.Errorf("a policy that is gone counts: %d", got)
	}
}

// An SA that goes while the others are asked is missing for a moment; the sums do not fall for it.
func TestSumsNeverFall(t *testing.T) {
	tally := NewTally(10)
	child := Pair{"office", "net"}
	for _, step := range []struct{ give, want uint64 }{{110, 110}, {90, 110}, {120, 120}, {0, 120}} {
		c := newCarried()
		if step.give > 0 {
			c.Add(Owner{Connection: "office", Child: "net"}, Traffic{OutBytes: step.give})
		}
		if got := tally.Counts(c).Carried.Children[child].OutBytes; got != step.want {
			t.Errorf("%d is shown as %d", step.give, got)
		}
	}
}

// Connections that come and go keep their totals, also when they come again, and a bounded number of them.
func TestConnectionsThatWentAreBounded(t *testing.T) {
	tally := NewTally(10)
	names := []string{"office"}
	for i := range 3 * mostGone {
		name := fmt.Sprintf("visitor %d", i)
		tally.Follow(up(name, "gw", dataplane.PolicyID(i+1), 0))
		tally.Removed(dataplane.Inbound, dataplane.PolicyID(i+1), octets(5))
		tally.Forget(dataplane.PolicyID(i + 1))
		tally.Follow(up(name, "gw", 0, 0))
		tally.Failed(name, explain.IKETimeout)
		if i%100 == 99 {
			tally.Configured(names)
		}
	}
	tally.Follow(up("office", "gw", 0, 0))
	tally.Configured(names)
	c := tally.Counts(tally.Past())
	if len(c.Connections) != mostGone+1 || len(c.Failures) != mostGone || len(c.Carried.Children) != mostGone || c.Connections["office"].Established != 1 {
		t.Errorf("%d connections, %d failures, %d children", len(c.Connections), len(c.Failures), len(c.Carried.Children))
	}
	first, last := "visitor 0", fmt.Sprintf("visitor %d", 3*mostGone-1)
	if _, there := c.Connections[first]; there || c.Connections[last].Established != 1 || c.Carried.Children[Pair{last, "net"}].InBytes != 5 {
		t.Errorf("the first one: %v, the last one: %+v", there, c.Connections[last])
	}
	tally.Configured([]string{"office", last})
	if len(tally.retired) != mostGone-1 {
		t.Errorf("%d are gone", len(tally.retired))
	}
}

func TestNewsAreCounted(t *testing.T) {
	tally := NewTally(10)
	office := &ike.Connection{Name: "office"}
	failure := &ike.Failure{Code: explain.IKETimeout}
	for _, n := range []ike.News{
		{Kind: ike.NewsConnecting, Connection: office}, {Kind: ike.NewsRetransmitted, Connection: office}, {Kind: ike.NewsRetransmitted},
		up("office", "gw", 0, 40*time.Millisecond), {Kind: ike.NewsRekeyed, Connection: office}, {Kind: ike.NewsAddress, Connection: office},
		{Kind: ike.NewsClosed, Connection: office, Failure: failure}, {Kind: ike.NewsFailure, Connection: office, Failure: failure},
		{Kind: ike.NewsWarning, Connection: office, Failure: &ike.Failure{Code: explain.IKEHalfOpen}}, {Kind: ike.NewsMessageSent, Connection: &ike.Connection{Name: "quiet"}},
	} {
		tally.Follow(n)
	}
	tally.Failed("office", explain.IKEPeerUnresolved)
	c := tally.Counts(tally.Past())
	got := c.Connections["office"]
	h := got.Handshakes
	got.Handshakes = Histogram{}
	if want := (Connection{1, 1, 1, 1, 1, 1, Histogram{}}); got != want || c.Connections[""].Retransmits != 1 || len(c.Connections) != 2 {
		t.Errorf("counts are %+v", c.Connections)
	}
	if h.Count != 1 || h.Sum != 0.04 || h.cumulative()[0.025] != 0 || h.cumulative()[0.05] != 1 || h.cumulative()[60] != 1 {
		t.Errorf("the handshake is %+v", h)
	}
	if c.Failures[Pair{"office", "IKE-TIMEOUT"}] != 2 || len(c.Failures) != 2 || c.Failures[Pair{"office", string(explain.IKEPeerUnresolved)}] != 1 {
		t.Errorf("failures are %v", c.Failures)
	}
}

func TestPeerLabels(t *testing.T) {
	for give, want := range map[string]string{"gw.example.org": "gw.example.org", "a\xffb": "a?b", strings.Repeat("x", 300): strings.Repeat("x", 256)} {
		if got := peerLabel(give); got != want {
			t.Errorf("%q became %q", give, got)
		}
	}
}
