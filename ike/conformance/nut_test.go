package conformance

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/dataplane/fake"
	"culvert/ike"
	"culvert/supervisor"
	"culvert/wire"
)

// A lab is a node under test, and all that comes from it to the tester. Nothing happens by itself: the test plays the tester,
// and moves the clock.
type lab struct {
	testing.TB
	scene scene
	now   time.Time
	rand  io.Reader
	nut   *nut

	datagrams [][]byte // of IKE, which the tester has not looked at
	packets   [][]byte // of ESP, the same
	clear     [][]byte // IP packets that left the node unprotected
	children  map[uint32]*child
	spi       uint32 // of ESP, the last that the tester took
	wanted    []byte // the tester's next nonce
	port      uint16 // of both sides; 0 is 500

	admitted     []ike.Admission
	paths        []dataplane.Path // of what the node has sent
	encapsulated int              // inbound SAs in UDP
}

// A nut is the node under test: the engine, a data plane, and hosts that answer echo requests.
type nut struct {
	conn   *ike.Connection
	env    *ike.Env
	shard  *ike.Shard
	plane  *fake.Backend
	news   []ike.News
	events []ike.Event
	policy dataplane.PolicyID
	watch  func(ike.News) []supervisor.Action
}

func newLab(t testing.TB, s scene, changes ...change) *lab {
	t.Helper()
	l := &lab{TB: t, scene: s, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), children: map[uint32]*child{}, spi: 0xf0000000}
	l.rand = rand.NewChaCha8([32]byte{2})
	n := &nut{conn: s.connection(t, changes...)}
	l.nut = n
	entropy := rand.NewChaCha8([32]byte{1})
	n.plane = fake.New(entropy, func() time.Time { return l.now }, fake.Hooks{
		Send:        func(_ dataplane.Path, pkt []byte) { l.packets = append(l.packets, pkt) },
		Deliver:     func(pkt []byte) { l.answerEcho(pkt) },
		Unprotected: func(pkt []byte) { l.clear = append(l.clear, pkt) },
	})
	n.plane.SetNotices(func(notice dataplane.Notice) { n.events = append(n.events, ike.Noticed{Notice: notice}) })
	n.env = &ike.Env{Rand: entropy, SPIs: n.plane, Connections: ike.NewConnections(n.conn),
		NewPolicy: func() dataplane.PolicyID { n.policy++; return n.policy }}
	n.shard = ike.NewShard(0, n.env)
	return l
}

// path is the way to the tester.
func (l *lab) path() dataplane.Path {
	port := cmp.Or(l.port, 500)
	return dataplane.Path{Local: netip.AddrPortFrom(nutAddr(), port), Remote: netip.AddrPortFrom(testerAddr(), port)}
}

// handle has the node handle an event, and what follows from it.
func (l *lab) handle(ev ike.Event) {
	l.Helper()
	l.nut.events = append(l.nut.events, ev)
	for steps := 0; len(l.nut.events) > 0; steps++ {
		if steps > 10000 {
			l.Fatal("the node does not come to rest")
		}
		next := l.nut.events[0]
		l.nut.events = l.nut.events[1:]
		for _, a := range l.nut.shard.Handle(l.now, next) {
			l.perform(a)
		}
	}
}

func (l *lab) perform(a ike.Action) {
	l.Helper()
	n := l.nut
	var err error
	switch a := a.(type) {
	case ike.Send:
		l.paths = append(l.paths, a.Path)
		for _, d := range a.Datagrams {
			l.datagrams = append(l.datagrams, bytes.Clone(d))
		}
	case ike.StartWork:
		n.events = append(n.events, ike.WorkFinished{SA: a.SA, Work: a.ID, Result: a.Work.Run(context.Background())})
	case ike.InstallSA:
		if a.SA.Direction == dataplane.Inbound && a.SA.Path.Transport == dataplane.TransportUDP {
			l.encapsulated++
		}
		err = n.plane.Install(a.SA)
	case ike.RemoveSA:
		_, err = n.plane.Remove(a.Direction, a.SPI, a.Policy)
	case ike.MoveSA:
		err = n.plane.Update(a.Inbound, a.Outbound, a.Path)
	case ike.SetPolicy:
		err = n.plane.SetPolicy(a.Policy)
	case ike.RemovePolicy:
		err = n.plane.RemovePolicy(a.ID)
	case ike.Report:
		n.report(a.News)
	}
	if err != nil {
		l.Errorf("data plane: %v", err)
	}
}

// report keeps news, and has the supervisor know if there is one.
func (n *nut) report(news ike.News) {
	n.news = append(n.news, news)
	if n.watch == nil {
		return
	}
	for _, a := range n.watch(news) {
		if c, ok := a.(supervisor.Command); ok {
			n.events = append(n.events, ike.Command{SA: c.SA, Event: c.Event})
		}
	}
}

// initiate has the node begin.
func (l *lab) initiate() {
	l.Helper()
	l.handle(ike.Initiate{Connection: l.nut.conn, Path: l.path(), Children: l.nut.conn.Children})
}

// command gives a command to the node's only established IKE SA.
func (l *lab) command(s *session, ev ike.Event) {
	l.Helper()
	l.handle(ike.Command{SA: s.theirs(), Event: ev})
}

// wait lets time pass, and stops at everything that is due on the way.
func (l *lab) wait(d time.Duration) {
	l.Helper()
	for end := l.now.Add(d); ; {
		due := l.nut.shard.Deadline()
		if due.IsZero() || due.After(end) {
			l.now = end
			return
		}
		l.now = due
		l.handle(ike.TimerDue{})
	}
}

// deliver brings a datagram from the tester.
func (l *lab) deliver(datagram []byte) {
	l.Helper()
	l.handle(ike.MessageReceived{Path: l.path(), Datagram: bytes.Clone(datagram)})
}

// A message is one that came from the node, with its octets.
type message struct {
	*wire.Message
	octets []byte
}

// receive takes the oldest datagram from the node.
func (l *lab) receive() []byte {
	l.Helper()
	if len(l.datagrams) == 0 {
		l.Fatalf("the node sends nothing; its news: %s", l.gazette())
	}
	d := l.datagrams[0]
	l.datagrams = l.datagrams[1:]
	return d
}

// receivePlain takes an unprotected message from the node.
func (l *lab) receivePlain() message {
	l.Helper()
	octets := l.receive()
	m, err := wire.Parse(bytes.Clone(octets))
	if err != nil {
		l.Fatal(err)
	}
	return message{m, octets}
}

// silent checks that the node has sent no more messages.
func (l *lab) silent() {
	l.Helper()
	for _, d := range l.datagrams {
		h, err := wire.ParseHeader(d)
		l.Fatalf("the node sends %v, message %d, response %t (%v); its news: %s", h.Exchange, h.MessageID, h.IsResponse(), err, l.gazette())
	}
}

// gone checks that the node has no IKE SA and no Child SA any more.
func (l *lab) gone() {
	l.Helper()
	l.wait(time.Minute)
	if l.nut.shard.Len() != 0 {
		l.Errorf("the node still has %d IKE SAs", l.nut.shard.Len())
	}
	if left := l.nut.plane.Census(); left != (fake.Census{}) {
		l.Errorf("the node's data plane still has %+v", left)
	}
}

// of returns the node's news of one kind.
func (l *lab) of(kind ike.NewsKind) []ike.News {
	var list []ike.News
	for _, n := range l.nut.news {
		if n.Kind == kind {
			list = append(list, n)
		}
	}
	return list
}

// gazette shows the node's news in messages of tests.
func (l *lab) gazette() string {
	text := ""
	for _, n := range l.nut.news {
		text += "\n\t" + n.Kind.String()
		if n.Failure != nil {
			text += ": " + n.Failure.Error()
		}
	}
	return text
}
