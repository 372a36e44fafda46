package supervisor

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"culvert/explain"
	"culvert/ike"
	"culvert/wire"
)

func elsewhere() wire.Gateway { return wire.Gateway{Addr: netip.MustParseAddr("198.51.100.9")} }

// leave has the attempt under way end with a redirect.
func (b *bench) leave(i Initiate, to wire.Gateway) {
	b.t.Helper()
	n := ike.News{SA: 77, Connection: i.Connection, Ticket: i.Ticket, Initiator: true, Gateway: to}
	n.Path.Remote = i.Remote
	for _, kind := range []ike.NewsKind{ike.NewsConnecting, ike.NewsRedirected, ike.NewsClosed} {
		n.Kind = kind
		if kind == ike.NewsClosed {
			n.Failure = &ike.Failure{Code: explain.IKERedirected, Err: errors.New("elsewhere")}
		}
		b.news(n)
	}
}

func TestAttemptGoesOnWithTheOtherGateway(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartUp)))
	first := take[Initiate](b)[0]
	b.leave(first, elsewhere())
	next := take[Initiate](b)
	if len(next) != 1 || next[0].Remote.Addr() != elsewhere().Addr || next[0].RedirectedFrom != first.Remote.Addr() || next[0].Connection != first.Connection ||
		len(next[0].Children) != 1 {
		t.Fatalf("after %+v: %+v", first, next)
	}
	// When that fails it is the configured gateway's turn again.
	b.news(ike.News{Kind: ike.NewsClosed, SA: 78, Connection: first.Connection, Ticket: next[0].Ticket, Failure: timeout})
	b.elapse(time.Hour)
	if again := take[Initiate](b); len(again) == 0 || again[0].Remote != first.Remote || again[0].RedirectedFrom.IsValid() {
		t.Errorf("then %+v", again)
	}
}

func TestNameOfTheOtherGatewayIsLookedUp(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartUp)))
	b.leave(take[Initiate](b)[0], wire.Gateway{Name: "gw2.example.org"})
	if r := take[Resolve](b); len(r) != 1 || r[0].Names[0] != "gw2.example.org" {
		t.Fatalf("looked up: %+v", r)
	}
	b.do(b.s.Resolved(b.now, "office", []netip.Addr{elsewhere().Addr}, nil))
	if next := take[Initiate](b); len(next) != 1 || next[0].Remote.Addr() != elsewhere().Addr {
		t.Errorf("then %+v", next)
	}
}

func TestEstablishedSAIsReplacedByOneWithTheOtherGateway(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartUp)))
	sa := b.connect()
	b.actions = nil
	b.news(ike.News{Kind: ike.NewsRedirected, SA: sa.SA, Connection: sa.Connection, Ticket: sa.Ticket, Gateway: elsewhere()})
	next := take[Initiate](b)
	if len(next) != 1 || len(next[0].Children) != 1 || len(b.commands(sa.SA)) != 0 {
		t.Fatalf("%+v; the old one gets %v", next, b.commands(sa.SA))
	}
	b.news(ike.News{Kind: ike.NewsRedirected, SA: sa.SA, Connection: sa.Connection, Gateway: elsewhere()})
	none[Initiate](b) // one is under way
}

func TestRedirectsAreCountedForFiveMinutes(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartUp)))
	for n := range 5 {
		next := take[Initiate](b)
		if len(next) != 1 {
			t.Fatalf("after %d redirects: %+v", n, next)
		}
		b.leave(next[0], elsewhere())
	}
	last := take[Initiate](b)[0]
	b.leave(last, elsewhere())
	none[Initiate](b)
	if f := b.s.Status()[0].Failure; f == nil || f.Code != explain.IKERedirectLoop {
		t.Errorf("failure %v", f)
	}
}
