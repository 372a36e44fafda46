package supervisor

import (
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
)

var silent = &ike.Failure{Code: explain.IKEUDPSilent}

func automatic() *ike.Connection {
	c := connection(child("net", ike.StartUp))
	c.Transport = ike.TransportAuto
	return c
}

// ends tells how the attempt that is asked for ends, and returns it.
func (b *bench) ends(f *ike.Failure) Initiate {
	b.t.Helper()
	i := one[Initiate](b)
	sa := b.newSA(i.Connection, i.Ticket)
	b.tell(sa, ike.NewsConnecting)
	sa.Failure = f
	b.tell(sa, ike.NewsClosed)
	return i
}

func TestSilenceOverUDPLeadsToAStreamInTheSameAttempt(t *testing.T) {
	b := newBench(t, automatic())
	if first := b.ends(silent); first.Transport != dataplane.TransportUDP || !first.Fallback || first.Remote.String() != "192.0.2.2:500" {
		t.Errorf("begins with %+v", first)
	}
	second := one[Initiate](b)
	if second.Transport != dataplane.TransportTCP || second.Fallback || second.Remote.String() != "192.0.2.2:4500" || len(second.Children) != 1 {
		t.Errorf("goes on with %+v", second)
	}
	if n := take[Note](b); len(n) != 2 || n[0].Attempt != 1 || n[1].Attempt != 1 {
		t.Errorf("notes %+v", n)
	}
}

func TestOnlySilenceLeadsToAStream(t *testing.T) {
	b := newBench(t, automatic())
	b.ends(&ike.Failure{Code: explain.IKEAuthFailed})
	none[Initiate](b)
	b.elapse(time.Second)
	if i := b.ends(silent); i.Transport != dataplane.TransportUDP {
		t.Errorf("the next attempt is %+v", i)
	}
}

func TestWhereThereIsNoStreamEitherUDPIsTriedAgain(t *testing.T) {
	b := newBench(t, automatic())
	b.ends(silent)
	b.ends(&ike.Failure{Code: explain.IKEStream})
	none[Initiate](b)
	b.elapse(time.Second)
	if i := one[Initiate](b); i.Transport != dataplane.TransportUDP || !i.Fallback {
		t.Errorf("the next attempt is %+v", i)
	}
}

func TestWhatWorkedIsRememberedForAWhile(t *testing.T) {
	for wait, want := range map[time.Duration]dataplane.Transport{
		time.Second: dataplane.TransportTCP, streamMemory + time.Second: dataplane.TransportUDP,
	} {
		b := newBench(t, automatic())
		b.ends(silent)
		sa := b.connect()
		b.elapse(wait)
		b.end(sa, timeout, first(sa))
		if i := one[Initiate](b); i.Transport != want {
			t.Errorf("after %v: %+v", wait, i)
		}
	}
}

func TestAStreamThatFailsIsForgotten(t *testing.T) {
	b := newBench(t, automatic())
	b.ends(silent)
	sa := b.connect()
	b.end(sa, timeout, first(sa))
	b.ends(&ike.Failure{Code: explain.IKEStream})
	b.elapse(time.Minute)
	if i := one[Initiate](b); i.Transport != dataplane.TransportUDP {
		t.Errorf("%+v", i)
	}
}

func TestConnectionsForOneTransportKeepToIt(t *testing.T) {
	c := automatic()
	c.Transport, c.TCPPort = ike.TransportTCP, 443
	b := newBench(t, c)
	if i := b.ends(silent); i.Transport != dataplane.TransportTCP || i.Fallback || i.Remote != netip.MustParseAddrPort("192.0.2.2:443") {
		t.Errorf("%+v", i)
	}
	none[Initiate](b)
	c = automatic()
	c.Transport = ike.TransportUDP
	b = newBench(t, c)
	if i := b.ends(silent); i.Transport != dataplane.TransportUDP || i.Fallback {
		t.Errorf("%+v", i)
	}
	none[Initiate](b)
}
