package ike

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/secret"
	"culvert/wire"
)

// A testNet carries datagrams between shards without delay, runs their work at once, and has a clock that only the test
// moves.
type testNet struct {
	t     testing.TB
	now   time.Time
	nodes []*testNode
	queue []flight
	// tap sees every datagram, and returns what goes on: usually the datagram, nothing to drop it.
	tap func(from, to *testNode, datagram []byte) [][]byte
	// route replaces the way from a node along a path: it returns who receives, and the path that it sees.
	route func(from *testNode, path dataplane.Path) (*testNode, dataplane.Path)
	// refuse tells that a datagram does not fit the path; nil: all do.
	refuse func(s Send, datagram []byte) bool
	// postpone may take the end of some work, to bring it later.
	postpone func(flight) bool
	// work replaces Run.
	work func(Work) any
	// observe sees every action but sends and work, before anything else happens.
	observe func(at *testNode, a Action)
}

// A testNode is a shard at an address.
type testNode struct {
	name    string
	addr    netip.Addr
	shard   *Shard
	env     *Env
	news    []News
	actions []Action // all but sends, work and reports
}

type flight struct {
	to *testNode
	ev Event
}

func newTestNet(t testing.TB, nodes ...*testNode) *testNet {
	n := &testNet{t: t, now: startOfTime, nodes: nodes, work: runWork}
	for i, node := range nodes {
		node.env.Rand = testRand(byte(i + 1))
		node.env.SPIs = &testSPIs{first: uint32(i+1) << 20, next: uint32(i+1) << 20}
		node.env.Trace = true
		node.env.NewPolicy = testPolicies()
		node.env.NewMark, node.env.NewIfID = testNumbers(), testNumbers()
		node.shard = NewShard(uint8(i), node.env)
	}
	return n
}

func (n *testNet) nodeAt(a netip.Addr) *testNode {
	i := slices.IndexFunc(n.nodes, func(x *testNode) bool { return x.addr == a })
	if i < 0 {
		return nil
	}
	return n.nodes[i]
}

// do has a node handle an event, and carries on until nothing is under way.
func (n *testNet) do(at *testNode, ev Event) {
	n.queue = append(n.queue, flight{at, ev})
	n.settle()
}

func (n *testNet) settle() {
	for steps := 0; len(n.queue) > 0; steps++ {
		if steps > 100000 {
			n.t.Fatal("the network does not come to rest")
		}
		f := n.queue[0]
		n.queue = n.queue[1:]
		for _, a := range f.to.shard.Handle(n.now, f.ev) {
			n.perform(f.to, a)
		}
	}
}

func (n *testNet) perform(at *testNode, a Action) {
	switch a := a.(type) {
	case Send:
		for _, d := range a.Datagrams {
			if n.refuse == nil || !n.refuse(a, d) {
				n.transmit(at, a.Path, bytes.Clone(d))
			}
		}
	case StartWork:
		done := flight{at, WorkFinished{SA: a.SA, Work: a.ID, Result: n.work(a.Work)}}
		if n.postpone == nil || !n.postpone(done) {
			n.queue = append(n.queue, done)
		}
	case Report:
		at.news = append(at.news, a.News)
		n.observed(at, a)
	default:
		at.actions = append(at.actions, a)
		n.observed(at, a)
	}
}

func (n *testNet) observed(at *testNode, a Action) {
	if n.observe != nil {
		n.observe(at, a)
	}
}

func (n *testNet) transmit(from *testNode, path dataplane.Path, datagram []byte) {
	to, arrived := n.nodeAt(path.Remote.Addr()), reverse(path)
	if n.route != nil {
		to, arrived = n.route(from, path)
	}
	if to == nil {
		return
	}
	all := [][]byte{datagram}
	if n.tap != nil {
		all = n.tap(from, to, datagram)
	}
	for _, d := range all {
		n.queue = append(n.queue, flight{to, MessageReceived{Path: arrived, Datagram: bytes.Clone(d)}})
	}
}

// elapse moves the clock, and stops at every deadline on the way.
func (n *testNet) elapse(d time.Duration) {
	end := n.now.Add(d)
	for {
		var next *testNode
		at := end
		for _, node := range n.nodes {
			if dl := node.shard.Deadline(); !dl.IsZero() && !dl.After(at) {
				next, at = node, dl
			}
		}
		n.now = at
		if next == nil {
			return
		}
		n.do(next, TimerDue{})
	}
}

// of returns the news of one kind.
func (x *testNode) of(kind NewsKind) []News {
	var found []News
	for _, n := range x.news {
		if n.Kind == kind {
			found = append(found, n)
		}
	}
	return found
}

// messages returns the summaries of what a node sent or received.
func (x *testNode) messages(kind NewsKind) []string {
	var list []string
	for _, n := range x.of(kind) {
		list = append(list, n.Message)
	}
	return list
}

// failure returns the failure of the last news of a kind.
func (x *testNode) failure(t testing.TB, kind NewsKind) *Failure {
	t.Helper()
	list := x.of(kind)
	if len(list) == 0 || list[len(list)-1].Failure == nil {
		t.Fatalf("%s: no failure in news of kind %v; all news: %v", x.name, kind, x.digest())
	}
	return list[len(list)-1].Failure
}

// digest shows the news for messages of tests.
func (x *testNode) digest() []string {
	var list []string
	for _, n := range x.news {
		text := n.Kind.String() + " " + n.Message
		if n.Kind == NewsDropped {
			text += n.Reason.String()
		}
		if n.Failure != nil {
			text += n.Failure.Error()
		}
		list = append(list, text)
	}
	return list
}

// only returns the one SA of a node.
func (x *testNode) only(t testing.TB) *SA {
	t.Helper()
	var found []*SA
	for _, sl := range x.shard.slots.list {
		if sl.sa != nil {
			found = append(found, sl.sa)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d SAs; news: %v", x.name, len(found), x.digest())
	}
	return found[0]
}

// The two gateways of most tests.
var (
	addrA = netip.MustParseAddr("192.0.2.1")
	addrB = netip.MustParseAddr("192.0.2.2")
)

func fqdn(name string) auth.Identity { return auth.Identity{Type: wire.IDFQDN, Data: name} }

func psk(text string) *auth.Secrets {
	return auth.NewSecrets(auth.Secret{Name: "test", PSK: secret.Bytes(text)})
}

// pskConnection is a connection of one side, with x25519 and a pre-shared key.
func pskConnection(t testing.TB, local, remote string) *Connection {
	t.Helper()
	return &Connection{
		Name:       local + "-" + remote,
		LocalAuth:  []auth.Local{{ID: fqdn(local), Method: auth.MethodPSK, Secrets: psk("a pre-shared key of good length")}},
		RemoteAuth: []auth.Remote{{ID: fqdn(remote), Method: auth.MethodPSK, Secrets: psk("a pre-shared key of good length")}},
		Proposals:  []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519")},
	}
}

// gateways returns two nodes that may connect to each other, after their connections were changed.
func gateways(t testing.TB, change func(a, b *Connection)) (*testNet, *testNode, *testNode) {
	t.Helper()
	ca, cb := pskConnection(t, "a.example", "b.example"), pskConnection(t, "b.example", "a.example")
	if change != nil {
		change(ca, cb)
	}
	a := &testNode{name: "a", addr: addrA, env: &Env{Connections: NewConnections(ca)}}
	b := &testNode{name: "b", addr: addrB, env: &Env{Connections: NewConnections(cb)}}
	return newTestNet(t, a, b), a, b
}

// initiate returns the command for a to connect to b.
func initiate(a *testNode) Initiate {
	c := a.env.Connections.list[0]
	return Initiate{Connection: c, Path: testPath(), Children: c.Children}
}

// connected brings up an SA between two gateways.
func connected(t testing.TB, change func(a, b *Connection)) (*testNet, *testNode, *testNode) {
	t.Helper()
	n, a, b := gateways(t, change)
	n.do(a, initiate(a))
	if len(a.of(NewsEstablished)) != 1 || len(b.of(NewsEstablished)) != 1 {
		t.Fatalf("not established\na: %q\nb: %q", a.digest(), b.digest())
	}
	return n, a, b
}

// runWork does work as a driver would.
func runWork(w Work) any { return w.Run(context.Background()) }
