package ike

import (
	"strings"
	"testing"

	"culvert/wire"
)

// overlapping has b receive two IKE_AUTH requests at once, so that the second comes while the first is being verified: the
// one of a, and another with the next Message ID, whose payloads forge makes of the same. more is a connection of b beside
// the one for a, or nil.
func overlapping(t *testing.T, more *Connection, forge func([]wire.Payload) []wire.Payload) *testNode {
	t.Helper()
	n, a, b := gateways(t, nil)
	if more != nil {
		b.env.Connections = NewConnections(append(b.env.Connections.list, more)...)
	}
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); from != a || h.Exchange != wire.ExchangeAuth || h.MessageID != 1 {
			return [][]byte{d}
		}
		sa := a.only(t)
		second, err := wire.Seal(sa.out, sa.header(wire.ExchangeAuth, 2, 0), forge(sa.requests.pending[0].payloads))
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{d, second}
	}
	n.do(a, initiate(a))
	return b
}

// A second run of the authentication beside the first would find the state of the initial exchanges gone.
func TestSecondAuthenticationBesideTheFirstIsDropped(t *testing.T) {
	b := overlapping(t, nil, func(same []wire.Payload) []wire.Payload { return same })
	if n := len(b.of(NewsEstablished)); n != 1 {
		t.Errorf("established %d times; news: %q", n, b.digest())
	}
	if b.env.Stats.Dropped[DropWindow] != 1 {
		t.Errorf("dropped %v; news: %q", b.env.Stats.Dropped, b.digest())
	}
}

// A peer that proves one identity must not get the connection of another, which it only claims beside it.
func TestIdentityClaimedBesideAnAuthenticationGainsNothing(t *testing.T) {
	rich := pskConnection(t, "b.example", "rich.example")
	rich.RemoteAuth[0].Secrets = psk("a key that only the rich one knows")
	b := overlapping(t, rich, func(same []wire.Payload) []wire.Payload {
		claim := fqdn("rich.example").Payload(wire.PayloadIDi)
		return append([]wire.Payload{claim}, without(same, wire.PayloadIDi)...)
	})
	if sa := b.only(t); sa.conn == rich || sa.state != StateEstablished || sa.peerName() != "a.example" {
		t.Errorf("%s is %v on connection %q", sa.peerName(), sa.state, sa.conn.Name)
	}
}

// No success before the method has come to its end: leaving AUTH out is no way in.
func TestPeerThatAsksForEAPIsRefusedWithTheReason(t *testing.T) {
	n, a, b := gateways(t, nil)
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); from == a && h.Exchange == wire.ExchangeAuth {
			sa := a.only(t)
			d, _ = wire.Seal(sa.out, sa.header(wire.ExchangeAuth, 1, 0), without(sa.requests.pending[0].payloads, wire.PayloadAuth))
		}
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	if f := b.failure(t, NewsClosed); f.Notify != wire.NotifyAuthenticationFailed || !strings.Contains(f.Error(), "EAP") {
		t.Errorf("b closed with %v", f)
	}
	if len(b.of(NewsEstablished)) != 0 {
		t.Error("established without AUTH")
	}
}
