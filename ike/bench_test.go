package ike

import (
	"context"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/internal/heapuse"
	"culvert/spd"
	"culvert/wire"
)

// withChild gives both connections a child between 10.1.0.0/16 and 10.2.0.0/16.
func withChild(t testing.TB) func(a, b *Connection) {
	return func(a, b *Connection) {
		left, right := []spd.Selector{spd.Prefix(netip.MustParsePrefix("10.1.0.0/16"))}, []spd.Selector{spd.Prefix(netip.MustParsePrefix("10.2.0.0/16"))}
		proposals := []wire.Proposal{mustProposal(t, wire.ProtocolESP, "aes128gcm16")}
		a.Children = []*ChildConfig{{Name: "net", Local: left, Remote: right, Proposals: proposals}}
		b.Children = []*ChildConfig{{Name: "net", Local: right, Remote: left, Proposals: proposals}}
	}
}

// A link carries messages between two shards and nothing else, as cheaply as it can, for benchmarks.
type link struct {
	a, b *testNode
	now  time.Time
}

func newLink(t testing.TB) *link {
	_, a, b := gateways(t, withChild(t))
	for _, x := range []*testNode{a, b} {
		x.env.Trace = false
		x.env.Gateway.HalfOpen = HalfOpenLimits{Cookie: 1 << 30, Total: 1 << 30, Prefix: 1 << 30}
	}
	return &link{a, b, startOfTime}
}

// handle has a node handle an event with all that follows, and returns the children that were installed.
func (l *link) handle(at, other *testNode, ev Event) (installed int) {
	for _, a := range at.shard.Handle(l.now, ev) {
		switch a := a.(type) {
		case Send:
			for _, d := range a.Datagrams {
				installed += l.handle(other, at, MessageReceived{Path: reverse(a.Path), Datagram: d})
			}
		case StartWork:
			installed += l.handle(at, other, WorkFinished{SA: a.SA, Work: a.ID, Result: a.Work.Run(context.Background())})
		case InstallSA:
			installed++
		}
	}
	return installed
}

// connect brings up an IKE SA with a child from an address of its own.
func (l *link) connect(i int) int {
	from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{100, byte(i >> 16), byte(i >> 8), byte(i)}), 500)
	ev := initiate(l.a)
	ev.Path = dataplane.Path{Local: from, Remote: mustAddrPort("192.0.2.2:500")}
	return l.handle(l.a, l.b, ev)
}

// BenchmarkHandshake is both sides of IKE_SA_INIT and IKE_AUTH with a child, x25519 and a pre-shared key.
func BenchmarkHandshake(b *testing.B) {
	l := newLink(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if n := l.connect(i); n != 4 {
			b.Fatalf("%d SAs installed", n)
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "handshakes/s")
}

// heapOf returns the heap that a function leaves in use.
func heapOf(f func()) int {
	before := heapuse.Octets()
	f()
	return heapuse.Octets() - before
}

// TestHeapPerSA brings up IKE SAs with a child each, and counts what both sides keep of one when all is quiet.
func TestHeapPerSA(t *testing.T) {
	for _, proposal := range []string{"aes128gcm16-prfsha256-x25519", "aes256-sha512-x25519", "chacha20poly1305-prfsha256-x25519"} {
		t.Run(proposal, func(t *testing.T) { checkHeapPerSA(t, proposal) })
	}
}

func checkHeapPerSA(t *testing.T, proposal string) {
	const count, limit = 1000, 2800
	l := newLink(t)
	for _, x := range []*testNode{l.a, l.b} {
		x.env.Connections.list[0].Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, proposal)}
	}
	l.connect(0) // makes what is there once
	used := heapOf(func() {
		for i := range count {
			l.connect(1 + i)
		}
		l.now = l.now.Add(responseMemory)
		l.handle(l.a, l.b, TimerDue{})
		l.handle(l.b, l.a, TimerDue{})
	})
	if l.a.shard.Len() != 1+count || l.b.shard.Len() != 1+count {
		t.Fatalf("%d and %d SAs", l.a.shard.Len(), l.b.shard.Len())
	}
	perSA := used / (2 * count)
	t.Logf("%d octets of heap for each IKE SA with a child", perSA)
	if perSA > limit {
		t.Errorf("%d octets for each IKE SA, want at most %d", perSA, limit)
	}
	runtime.KeepAlive(l)
}
