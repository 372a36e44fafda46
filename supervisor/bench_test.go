package supervisor

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
	"culvert/spd"
	"culvert/wire"
)

// A bench has a supervisor without jitter, and keeps what it asks for until the test has looked at it.
type bench struct {
	t       *testing.T
	s       *Supervisor
	now     time.Time
	spi     wire.SPI
	actions []Action
}

func newBench(t *testing.T, connections ...*ike.Connection) *bench {
	next := dataplane.PolicyID(0)
	b := &bench{t: t, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), spi: 0x100}
	b.s = New(func(time.Duration) time.Duration { return 0 }, func() dataplane.PolicyID { next++; return next })
	b.configure(connections...)
	return b
}

func (b *bench) do(actions []Action) { b.actions = append(b.actions, actions...) }

func (b *bench) must(actions []Action, err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(actions)
}

func (b *bench) configure(connections ...*ike.Connection) {
	b.do(b.s.Configure(b.now, connections, nil))
}

// elapse moves the clock, and stops at every deadline on the way.
func (b *bench) elapse(d time.Duration) {
	end := b.now.Add(d)
	for {
		at := b.s.Deadline()
		if at.IsZero() || at.After(end) {
			b.now = end
			return
		}
		b.now = at
		b.do(b.s.TimerDue(b.now))
	}
}

// take returns the actions of one type, and forgets them.
func take[T Action](b *bench) []T {
	var list []T
	b.actions = slices.DeleteFunc(b.actions, func(a Action) bool {
		found, is := a.(T)
		if is {
			list = append(list, found)
		}
		return is
	})
	return list
}

// one returns the only action of a type.
func one[T Action](b *bench) T {
	b.t.Helper()
	list := take[T](b)
	if len(list) != 1 {
		b.t.Fatalf("%d actions of type %T: %v; others: %v", len(list), *new(T), list, b.actions)
	}
	return list[0]
}

// none checks that there is no action of a type.
func none[T Action](b *bench) {
	b.t.Helper()
	if list := take[T](b); len(list) != 0 {
		b.t.Fatalf("%d actions of type %T: %v", len(list), *new(T), list)
	}
}

// commands returns the events that were commanded to an SA, by type.
func (b *bench) commands(spi wire.SPI) []string {
	var list []string
	b.actions = slices.DeleteFunc(b.actions, func(a Action) bool {
		c, is := a.(Command)
		if is && c.SA == spi {
			list = append(list, reflect.TypeOf(c.Event).Name())
		}
		return is && c.SA == spi
	})
	return list
}

func (b *bench) news(n ike.News) { b.do(b.s.News(b.now, n)) }

// connection is a connection to gw.example at 192.0.2.2.
func connection(children ...*ike.ChildConfig) *ike.Connection {
	return &ike.Connection{
		Name: "office", RemoteAddrs: []netip.Prefix{netip.MustParsePrefix("192.0.2.2/32")}, Children: children,
		Reconnect: ike.Reconnect{KeepUp: true, Delay: time.Second, MaxDelay: 10 * time.Second},
	}
}

func child(name string, start ike.StartAction) *ike.ChildConfig {
	prefix := func(text string) []spd.Selector { return []spd.Selector{spd.Prefix(netip.MustParsePrefix(text))} }
	return &ike.ChildConfig{Name: name, Local: prefix("10.1.0.0/16"), Remote: prefix("10.2.0.0/16"), Start: start}
}

// newSA returns the news about an IKE SA of our own making, or of the peer's.
func (b *bench) newSA(c *ike.Connection, ticket uint64) ike.News {
	b.spi++
	return ike.News{SA: b.spi, Connection: c, Ticket: ticket, Initiator: ticket != 0, Peer: "gw.example", Local: "us.example"}
}

func (b *bench) tell(n ike.News, kind ike.NewsKind) {
	n.Kind = kind
	b.news(n)
}

// childNews tells about a child of an IKE SA.
func (b *bench) childNews(n ike.News, kind ike.NewsKind, name string, spi uint32, f *ike.Failure) {
	n.Kind, n.Failure = kind, f
	n.Child = &ike.ChildInfo{Name: name, InSPI: spi, OutSPI: spi + 1, Initiator: n.Initiator, Local: child(name, 0).Local, Remote: child(name, 0).Remote}
	b.news(n)
}

// connect carries the attempt that is asked for to its end, with all children that it asks for.
func (b *bench) connect() ike.News {
	b.t.Helper()
	i := one[Initiate](b)
	sa := b.newSA(i.Connection, i.Ticket)
	b.tell(sa, ike.NewsConnecting)
	b.tell(sa, ike.NewsEstablished)
	for n, c := range i.Children {
		b.childNews(sa, ike.NewsChildUp, c.Name, uint32(sa.SA)<<8+uint32(2*n), nil)
	}
	return sa
}

// accept is an IKE SA that the peer has made.
func (b *bench) accept(c *ike.Connection) ike.News {
	sa := b.newSA(c, 0)
	b.tell(sa, ike.NewsEstablished)
	return sa
}

// end tells that an IKE SA is gone with its children.
func (b *bench) end(sa ike.News, f *ike.Failure, children ...uint32) {
	for _, spi := range children {
		b.childNews(sa, ike.NewsChildDown, "net", spi, f)
	}
	sa.Failure = f
	b.tell(sa, ike.NewsClosed)
}

// refused tells that an attempt has failed.
func (b *bench) refused() {
	b.t.Helper()
	i := one[Initiate](b)
	sa := b.newSA(i.Connection, i.Ticket)
	b.tell(sa, ike.NewsConnecting)
	sa.Failure = &ike.Failure{Code: explain.IKEAuthFailed}
	b.tell(sa, ike.NewsClosed)
}

// first is the inbound SPI of the first child of an SA that connect brought up.
func first(sa ike.News) uint32 { return uint32(sa.SA) << 8 }

var (
	timeout = &ike.Failure{Code: explain.IKETimeout}
	deleted = &ike.Failure{Code: explain.IKEPeerDeleted}
)

// admission asks for an IKE SA of the peer.
func (b *bench) admission(c *ike.Connection, spi wire.SPI, contact bool) ike.Admission {
	return ike.Admission{Connection: c, SA: spi, Identity: auth.Identity{Type: wire.IDFQDN, Data: "gw.example"}, InitialContact: contact, Began: b.now}
}
