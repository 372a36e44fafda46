package trace_test

import (
	"context"
	"crypto/rand"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"culvert/api"
	"culvert/auth"
	"culvert/dataplane"
	"culvert/dataplane/fake"
	"culvert/ike"
	"culvert/suite"
	"culvert/trace"
	"culvert/wire"
)

// A node drives a shard in memory, and keeps traces if it has a store.
type node struct {
	shard *ike.Shard
	store *trace.Store
	other *node
}

func newNode(store *trace.Store, reports bool, conn *ike.Connection) *node {
	plane := fake.New(rand.Reader, time.Now, fake.Hooks{})
	policies := dataplane.PolicyID(0)
	n := &node{store: store, shard: ike.NewShard(0, &ike.Env{Rand: rand.Reader, SPIs: plane, Trace: reports,
		NewPolicy: func() dataplane.PolicyID { policies++; return policies }})}
	n.handle(ike.SetConnections{Connections: ike.NewConnections(conn)})
	return n
}

// handle handles an event with all that follows, on both sides.
func (n *node) handle(ev ike.Event) {
	for _, a := range n.shard.Handle(time.Unix(1, 0), ev) {
		switch a := a.(type) {
		case ike.Send:
			for _, d := range a.Datagrams {
				n.other.handle(ike.MessageReceived{Path: dataplane.Path{Local: a.Path.Remote, Remote: a.Path.Local}, Datagram: slices.Clone(d)})
			}
		case ike.StartWork:
			n.handle(ike.WorkFinished{SA: a.SA, Work: a.ID, Result: a.Work.Run(context.Background())})
		case ike.Report:
			if n.store != nil {
				n.store.News(a.News, a.News.Time, api.Event{Kind: api.EventUp, Text: "it happened"})
			}
		}
	}
}

func costConnection(t testing.TB, local, remote string) *ike.Connection {
	secrets := auth.NewSecrets(auth.Secret{Name: "both", PSK: []byte("what both gateways know and nobody else")})
	name := func(s string) auth.Identity { return auth.Identity{Type: wire.IDFQDN, Data: s} }
	proposals, err := suite.ParseProposals(wire.ProtocolIKE, []string{"aes128gcm16-prfsha256-x25519"})
	if err != nil {
		t.Fatal(err)
	}
	return &ike.Connection{Name: "cost", Proposals: proposals, Childless: ike.ChildlessForce,
		LocalAuth:  []auth.Local{{ID: name(local), Method: auth.MethodPSK, Secrets: secrets}},
		RemoteAuth: []auth.Remote{{ID: name(remote), Method: auth.MethodPSK, Secrets: secrets}}}
}

// A cost is what a driver has the engine tell, and keeps.
type cost int

const (
	silent   cost = iota // nothing
	reported             // messages are reported with a summary each, for the events
	kept                 // and traces are kept
	costs
)

// handshakes returns the time of this thread that some handshakes take.
func handshakes(t testing.TB, count int, c cost) time.Duration {
	var stores [2]*trace.Store
	if c == kept {
		stores = [2]*trace.Store{trace.NewStore(), trace.NewStore()}
	}
	conn := costConnection(t, "east", "west")
	east, west := newNode(stores[0], c != silent, conn), newNode(stores[1], c != silent, costConnection(t, "west", "east"))
	east.other, west.other = west, east
	begin := threadTime(t)
	for i := range count {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 500)
		east.handle(ike.Initiate{Connection: conn, Path: dataplane.Path{Local: from, Remote: netip.MustParseAddrPort("192.0.2.2:500")}})
	}
	took := threadTime(t) - begin
	if c == kept && len(stores[1].List("")) == 0 {
		t.Fatal("nothing was kept")
	}
	return took
}

func threadTime(t testing.TB) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		t.Fatal(err)
	}
	return time.Duration(ts.Nano())
}

// Traces are kept all the time: they must not cost what anybody would notice. Both ways take turns, and the least of each counts.
func TestTracesAreCheap(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const rounds, count = 7, 60
	least := [costs]time.Duration{time.Hour, time.Hour, time.Hour}
	handshakes(t, count, kept)
	for range rounds {
		for c := range costs {
			least[c] = min(least[c], handshakes(t, count, c))
		}
	}
	ratio := float64(least[kept]) / float64(least[reported])
	t.Logf("both sides of a handshake take %v, with reports %v, with traces %v: %.3f of reports alone", least[silent]/count, least[reported]/count, least[kept]/count, ratio)
	if ratio > 1.3 {
		t.Errorf("handshakes with traces take %.2f of the time of those without", ratio)
	}
}
