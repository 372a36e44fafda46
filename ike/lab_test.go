package ike

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/spd"
	"culvert/wire"
)

// A childLab is two gateways with data planes that hold every action against the rules of package dataplane, and a network
// whose datagrams the test may hold back one by one.
type childLab struct {
	*testNet
	a, b     *testNode
	planes   map[*testNode]*testPlane
	holding  bool
	held     []heldDatagram
	lossless bool // what is sent has to be received, after every single action
	story    []string
}

type heldDatagram struct {
	from *testNode
	flight
}

// newChildLab connects two gateways, after their connections were changed.
func newChildLab(t testing.TB, change func(a, b *Connection)) *childLab {
	t.Helper()
	n, a, b := gateways(t, change)
	l := newLabOf(t, n, a, b)
	n.do(a, initiate(a))
	if len(a.of(NewsEstablished)) != 1 || len(b.of(NewsEstablished)) != 1 {
		t.Fatalf("not established\na: %q\nb: %q", a.digest(), b.digest())
	}
	return l
}

// newLabOf makes a laboratory of two gateways that are not connected yet.
func newLabOf(t testing.TB, n *testNet, a, b *testNode) *childLab {
	l := &childLab{testNet: n, a: a, b: b, planes: map[*testNode]*testPlane{a: newTestPlane(t, "a"), b: newTestPlane(t, "b")}}
	n.observe = func(at *testNode, action Action) {
		l.tell(at, action)
		l.planes[at].perform(action)
		l.checkLossless()
	}
	n.tap = l.tap
	return l
}

// oneChild is newChildLab with one child "net" that is up and carries 10.1.0.0/16 === 10.2.0.0/16. From then on no packet may
// be lost.
func oneChild(t testing.TB, change func(a, b *Connection)) *childLab {
	t.Helper()
	l := newChildLab(t, func(a, b *Connection) {
		a.Children = []*ChildConfig{netChild(t, "10.1.0.0/16", "10.2.0.0/16")}
		b.Children = []*ChildConfig{netChild(t, "10.2.0.0/16", "10.1.0.0/16")}
		if change != nil {
			change(a, b)
		}
	})
	l.agree(1)
	l.lossless, l.story = true, nil
	return l
}

// tell notes what happens, for messages of failing tests.
func (l *childLab) tell(at *testNode, action Action) {
	text := fmt.Sprintf("%6.1f %s ", l.now.Sub(startOfTime).Seconds(), at.name)
	switch a := action.(type) {
	case Report:
		text += fmt.Sprintf("%08x %v %s", uint32(a.News.SA>>32), a.News.Kind, a.News.Message)
		if a.News.Failure != nil {
			text += a.News.Failure.Error()
		}
		if a.News.Child != nil {
			text += fmt.Sprintf("%08x for %08x", a.News.Child.InSPI, a.News.Replaced)
		}
	case InstallSA:
		text += fmt.Sprintf("        install %d %08x policy %d", a.SA.Direction, a.SA.SPI, a.SA.Policy)
	case RemoveSA:
		text += fmt.Sprintf("        remove  %d %08x policy %d", a.Direction, a.SPI, a.Policy)
	default:
		return
	}
	l.story = append(l.story, text)
}

// failf ends the test with what happened.
func (l *childLab) failf(format string, args ...any) {
	l.t.Helper()
	l.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(l.story, "\n"))
}

// netChild is a child of one network on each side.
func netChild(t testing.TB, local, remote string) *ChildConfig {
	t.Helper()
	return &ChildConfig{Name: "net", Local: selectors(t, local), Remote: selectors(t, remote), ReplayWindow: 64,
		Proposals: []wire.Proposal{mustProposal(t, wire.ProtocolESP, "aes128gcm16-x25519-noesn"), mustProposal(t, wire.ProtocolESP, "aes128gcm16-noesn")}}
}

func selectors(t testing.TB, texts ...string) []spd.Selector {
	t.Helper()
	var list []spd.Selector
	for _, text := range texts {
		s, err := spd.ParseSelector(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

func (l *childLab) tap(from, to *testNode, datagram []byte) [][]byte {
	if !l.holding {
		return [][]byte{datagram}
	}
	path := testPath()
	if from == l.a {
		path = reverse(path)
	}
	l.held = append(l.held, heldDatagram{from, flight{to, MessageReceived{Path: path, Datagram: slices.Clone(datagram)}}})
	return nil
}

// deliver hands over the oldest datagram that is held back from a node, and holds what follows from it.
func (l *childLab) deliver(from *testNode) {
	l.t.Helper()
	d := l.take(from)
	l.do(d.to, d.ev)
}

// lose drops the oldest datagram that is held back from a node.
func (l *childLab) lose(from *testNode) {
	l.t.Helper()
	l.take(from)
}

func (l *childLab) take(from *testNode) heldDatagram {
	l.t.Helper()
	i := slices.IndexFunc(l.held, func(d heldDatagram) bool { return d.from == from })
	if i < 0 {
		l.failf("nothing is under way from %s", from.name)
	}
	d := l.held[i]
	l.held = slices.Delete(l.held, i, i+1)
	return d
}

// letGo delivers everything that is held back, and holds nothing any more.
func (l *childLab) letGo() {
	l.holding = false
	for len(l.held) > 0 {
		d := l.held[0]
		l.held = l.held[1:]
		l.do(d.to, d.ev)
	}
}

// command gives a command to the SA of a node that stands for the others.
func (l *childLab) command(at *testNode, ev Event) {
	l.t.Helper()
	l.do(at, Command{SA: l.sa(at).LocalSPI(), Event: ev})
}

// sa returns the IKE SA of a node that is established; the last one if there are several.
func (l *childLab) sa(at *testNode) *SA {
	l.t.Helper()
	var found *SA
	for _, sl := range at.shard.slots.list {
		if sl.sa != nil && sl.sa.state == StateEstablished {
			found = sl.sa
		}
	}
	if found == nil {
		l.failf("%s has no established SA", at.name)
	}
	return found
}

// child returns the one live child of a node.
func (l *childLab) child(at *testNode) *Child {
	l.t.Helper()
	live := l.live(at)
	if len(live) != 1 {
		l.failf("%s has %d children", at.name, len(live))
	}
	return live[0]
}

func (l *childLab) live(at *testNode) []*Child {
	var live []*Child
	for _, sl := range at.shard.slots.list {
		if sl.sa != nil {
			for _, c := range sl.sa.children {
				if c.live() {
					live = append(live, c)
				}
			}
		}
	}
	return live
}

// quiet lets everything come to rest: what is held back, retries, stragglers.
func (l *childLab) quiet() {
	l.letGo()
	l.elapse(10 * time.Minute)
}

// agree checks that both sides have the same n children with the same keys, and nothing else.
func (l *childLab) agree(n int) {
	l.t.Helper()
	l.lossless = false
	for _, pair := range [][2]*testNode{{l.a, l.b}, {l.b, l.a}} {
		own, other := l.planes[pair[0]], l.planes[pair[1]]
		if len(own.in) != n || len(own.policies) != n || len(l.live(pair[0])) != n {
			l.failf("%s has %d inbound SAs, %d policies and %d live children instead of %d", own.name, len(own.in),
				len(own.policies), len(l.live(pair[0])), n)
		}
		for id, list := range own.out {
			if len(list) != 1 {
				l.failf("%s has %d outbound SAs for policy %d", own.name, len(list), id)
			}
			if !other.receives(list[0]) {
				l.failf("%s sends with %08x, which %s does not receive", own.name, list[0].SPI, other.name)
			}
		}
		l.checkSPIs(pair[0])
		l.checkSAs(pair[0])
	}
}

// checkSAs checks that nothing hangs in the IKE SAs of a node.
func (l *childLab) checkSAs(at *testNode) {
	l.t.Helper()
	n := 0
	for _, sl := range at.shard.slots.list {
		if sl.sa == nil {
			continue
		}
		n++
		sa := sl.sa
		if sa.state != StateEstablished || len(sa.tasks) > 0 || len(sa.exchanges.children) > 0 || sa.exchanges.answering > 0 || len(sa.exchanges.pending) > 0 ||
			sa.exchanges.rekey != nil || sa.exchanges.predecessor != nil || sa.exchanges.successor != nil || len(sa.work) > 0 {
			l.failf("%s: IKE SA %08x is %v with %d tasks, %d exchanges, %d answers", at.name, uint32(sl.spi>>32), sa.state, len(sa.tasks),
				len(sa.exchanges.children), sa.exchanges.answering)
		}
	}
	if n > 1 {
		l.failf("%s has %d IKE SAs", at.name, n)
	}
}

// checkSPIs checks that every SPI that was allocated is in use or was given back.
func (l *childLab) checkSPIs(at *testNode) {
	l.t.Helper()
	spis := at.env.SPIs.(*testSPIs)
	plane := l.planes[at]
	for spi := spis.first + 1; spi <= spis.next; spi++ {
		_, used := plane.in[spi]
		if !used && !slices.Contains(spis.released, spi) && !slices.Contains(plane.removed, spi) {
			l.t.Errorf("%s has lost the SPI %08x", at.name, spi)
		}
	}
}

// checkLossless checks that what each side sends at this moment is received by the other.
func (l *childLab) checkLossless() {
	if !l.lossless {
		return
	}
	l.t.Helper()
	for _, pair := range [][2]*testNode{{l.a, l.b}, {l.b, l.a}} {
		own, other := l.planes[pair[0]], l.planes[pair[1]]
		for id, list := range own.out {
			last := map[int]dataplane.SA{} // of each worker
			for _, out := range list {
				last[out.Resource] = out
			}
			for _, out := range last {
				if !other.receives(out) {
					l.failf("%s sends with %08x under policy %d, which %s does not receive", own.name, out.SPI, id, other.name)
				}
			}
		}
		if len(own.out) == 0 {
			l.failf("%s does not send at all", own.name)
		}
	}
}

// A testPlane is a data plane that fails the test when it is told something that makes no sense.
type testPlane struct {
	t        testing.TB
	name     string
	in       map[uint32]dataplane.SA
	out      map[dataplane.PolicyID][]dataplane.SA // in the order of installation
	policies map[dataplane.PolicyID]dataplane.Policy
	removed  []uint32
}

func newTestPlane(t testing.TB, name string) *testPlane {
	return &testPlane{t: t, name: name, in: map[uint32]dataplane.SA{}, out: map[dataplane.PolicyID][]dataplane.SA{},
		policies: map[dataplane.PolicyID]dataplane.Policy{}}
}

// receives tells whether an SA that the other side sends with is installed here, with the same keys.
func (p *testPlane) receives(out dataplane.SA) bool {
	in, ok := p.in[out.SPI]
	return ok && in.EncrKey.Equal(out.EncrKey) && in.IntegKey.Equal(out.IntegKey) && in.Transforms == out.Transforms && in.Mode == out.Mode
}

func (p *testPlane) perform(a Action) {
	p.t.Helper()
	switch a := a.(type) {
	case SetPolicy:
		p.policies[a.Policy.ID] = a.Policy
	case RemovePolicy:
		p.removePolicy(a.ID)
	case InstallSA:
		p.install(a.SA)
	case RemoveSA:
		p.remove(a)
	case MoveSA:
		if _, ok := p.in[a.Inbound]; !ok {
			p.t.Errorf("%s: SA %08x moves and is not there", p.name, a.Inbound)
		}
	}
}

func (p *testPlane) install(sa dataplane.SA) {
	p.t.Helper()
	if _, ok := p.policies[sa.Policy]; !ok {
		p.t.Errorf("%s: SA %08x for policy %d, which is not there", p.name, sa.SPI, sa.Policy)
	}
	if len(sa.EncrKey) == 0 || allZero(sa.EncrKey) {
		p.t.Errorf("%s: SA %08x has no key", p.name, sa.SPI)
	}
	sa.EncrKey, sa.IntegKey = slices.Clone(sa.EncrKey), slices.Clone(sa.IntegKey)
	if sa.Direction == dataplane.Outbound {
		p.out[sa.Policy] = append(p.out[sa.Policy], sa)
		return
	}
	if _, twice := p.in[sa.SPI]; twice {
		p.t.Errorf("%s: inbound SA %08x is there already", p.name, sa.SPI)
	}
	p.in[sa.SPI] = sa
}

func allZero(key []byte) bool { return !slices.ContainsFunc(key, func(b byte) bool { return b != 0 }) }

func (p *testPlane) remove(a RemoveSA) {
	p.t.Helper()
	if a.Direction == dataplane.Inbound {
		if _, ok := p.in[a.SPI]; !ok {
			p.t.Errorf("%s: inbound SA %08x is removed and is not there", p.name, a.SPI)
		}
		delete(p.in, a.SPI)
		p.removed = append(p.removed, a.SPI)
		return
	}
	list := p.out[a.Policy]
	i := slices.IndexFunc(list, func(sa dataplane.SA) bool { return sa.SPI == a.SPI })
	if i < 0 {
		p.t.Errorf("%s: outbound SA %08x of policy %d is removed and is not there", p.name, a.SPI, a.Policy)
		return
	}
	p.out[a.Policy] = slices.Delete(list, i, i+1)
	if len(p.out[a.Policy]) == 0 {
		delete(p.out, a.Policy)
	}
}

func (p *testPlane) removePolicy(id dataplane.PolicyID) {
	p.t.Helper()
	if _, ok := p.policies[id]; !ok {
		p.t.Errorf("%s: policy %d is removed and is not there", p.name, id)
	}
	for spi, sa := range p.in {
		if sa.Policy == id {
			p.t.Errorf("%s: policy %d is removed while SA %08x uses it", p.name, id, spi)
		}
	}
	if len(p.out[id]) > 0 {
		p.t.Errorf("%s: policy %d is removed while it has outbound SAs", p.name, id)
	}
	delete(p.policies, id)
}
