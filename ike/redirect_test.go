package ike

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"culvert/explain"
	"culvert/wire"
)

func otherGateway() wire.Gateway { return wire.Gateway{Name: "gw2.example.org"} }

// redirecting has b send its clients away, and a follow.
func redirecting(follow RedirectRule, late bool) func(a, b *Connection) {
	return func(a, b *Connection) {
		a.FollowRedirects = follow
		b.RedirectTo = RedirectTo{Gateway: otherGateway(), Late: late, Wait: 30 * time.Second}
	}
}

func TestNewClientIsRedirectedWithoutState(t *testing.T) {
	n, a, b := gateways(t, redirecting(RedirectFollow, false))
	n.do(a, initiate(a))
	if got := a.of(NewsRedirected); len(got) != 1 || got[0].Gateway != otherGateway() {
		t.Fatalf("news %q", a.digest())
	}
	if f := a.failure(t, NewsClosed); f.Code != explain.IKERedirected || b.shard.Len() != 0 {
		t.Errorf("closed with %v; the gateway has %d SAs", f, b.shard.Len())
	}
	if sent := a.messages(NewsMessageSent); len(sent) != 1 || !strings.Contains(sent[0], "N(REDIRECT_SUPPORTED)") {
		t.Errorf("sent %q", sent)
	}
}

// A client that says nothing of redirects, and one that is where it is to go, are served (RFC 5685, Sections 3 and 4).
func TestWhoIsNotRedirected(t *testing.T) {
	for name, change := range map[string]func(a, b *Connection){
		"an old client":       redirecting(RedirectIgnore, false),
		"an old client, late": redirecting(RedirectIgnore, true),
		"one that is there already": func(a, b *Connection) {
			redirecting(RedirectFollow, false)(a, b)
			b.RedirectTo.Gateway = wire.Gateway{Addr: addrB}
		},
		"the same, late": func(a, b *Connection) {
			redirecting(RedirectFollow, true)(a, b)
			b.RedirectTo.Gateway = wire.Gateway{Addr: addrB}
		},
	} {
		n, a, b := gateways(t, change)
		n.do(a, initiate(a))
		if len(a.of(NewsEstablished)) != 1 || len(b.of(NewsEstablished)) != 1 || len(a.of(NewsRedirected)) != 0 {
			t.Errorf("%s: %q", name, a.digest())
		}
	}
}

// Somebody who has not seen our nonce sends us nowhere: the true answer is waited for (RFC 5685, Section 3).
func TestRedirectWithAnotherNonceIsDropped(t *testing.T) {
	n, a, _ := gateways(t, func(a, _ *Connection) { a.FollowRedirects = RedirectFollow })
	forged := false
	n.tap = func(from, _ *testNode, d []byte) [][]byte {
		if from == a || forged {
			return [][]byte{d}
		}
		forged = true
		h, _ := wire.ParseHeader(d)
		h.ResponderSPI = 0
		m := wire.Message{Header: h, Payloads: []wire.Payload{redirectPayload(otherGateway(), make([]byte, 32))}}
		return [][]byte{m.Append(nil), d}
	}
	n.do(a, initiate(a))
	if !forged || len(a.of(NewsRedirected)) != 0 || len(a.of(NewsEstablished)) != 1 {
		t.Errorf("forged %t: %q", forged, a.digest())
	}
}

func TestUnauthenticatedRedirectIsNotFollowedUnlessAllowed(t *testing.T) {
	n, a, _ := gateways(t, redirecting(RedirectAuthenticated, false))
	n.do(a, initiate(a))
	n.elapse(time.Minute)
	if f := a.failure(t, NewsFailure); f.Code != explain.IKERedirectRefused || len(a.of(NewsRedirected)) != 0 {
		t.Errorf("failure %v, %q", f, a.digest())
	}
}

func TestRedirectAfterAuthentication(t *testing.T) {
	l := newLate(t)
	if up := len(l.a.of(NewsChildUp)) + len(l.b.of(NewsChildUp)); up != 0 {
		t.Errorf("%d children came up", up)
	}
	if got := l.a.of(NewsRedirected); len(got) != 1 || got[0].Gateway != otherGateway() || len(l.a.of(NewsFailure)) != 0 {
		t.Fatalf("news %q", l.a.digest())
	}
	l.elapse(30*time.Second - 1)
	if l.a.only(t) == nil {
		t.Fatal("closed too early")
	}
	l.elapse(2)
	if f := l.b.failure(t, NewsClosed); f.Code != explain.IKERedirected {
		t.Errorf("a client that stays: %v", f)
	}
}

// newLate is a client that was sent away in the response to IKE_AUTH.
func newLate(t *testing.T) *childLab {
	t.Helper()
	return newChildLab(t, func(a, b *Connection) {
		a.Children = []*ChildConfig{netChild(t, "10.1.0.0/16", "10.2.0.0/16")}
		b.Children = []*ChildConfig{netChild(t, "10.2.0.0/16", "10.1.0.0/16")}
		redirecting(RedirectFollow, true)(a, b)
	})
}

// The client stays the client when the gateway rekeys the IKE SA.
func TestConnectedClientIsRedirectedAlsoAfterRekeying(t *testing.T) {
	for _, rekeyed := range []bool{false, true} {
		n, a, b := connected(t, func(a, _ *Connection) { a.FollowRedirects = RedirectAuthenticated })
		if rekeyed {
			n.do(b, Command{SA: b.only(t).LocalSPI(), Event: RekeyIKE{}})
			n.elapse(time.Minute)
		}
		n.do(b, Command{SA: b.only(t).LocalSPI(), Event: RedirectClient{Gateway: wire.Gateway{Addr: netip.MustParseAddr("192.0.2.9")}}})
		if got := a.of(NewsRedirected); len(got) != 1 || got[0].Gateway.String() != "192.0.2.9" {
			t.Errorf("rekeyed %t: %q", rekeyed, a.digest())
		}
		n.do(a, Command{SA: a.only(t).LocalSPI(), Event: RedirectClient{Gateway: otherGateway()}})
		if f := a.failure(t, NewsFailure); f.Code != explain.IKERedirectRefused || len(b.of(NewsRedirected)) != 0 {
			t.Errorf("a client redirects its gateway: %v, %q", f, b.digest())
		}
	}
}

// What a REDIRECT of a client, with a nonce or with nonsense leads to in an established IKE SA: nothing.
func TestRedirectsThatAreIgnored(t *testing.T) {
	_, a, b := connected(t, func(a, b *Connection) { a.FollowRedirects, b.FollowRedirects = RedirectFollow, RedirectFollow })
	good := redirectPayload(otherGateway(), nil)
	if g := a.only(t).redirectOf([]wire.Payload{good}); g != otherGateway() {
		t.Errorf("a good one leads to %v", g)
	}
	for name, p := range map[string]wire.Payload{
		"with a nonce": redirectPayload(otherGateway(), make([]byte, 16)), "nonsense": &wire.Notify{NotifyType: wire.NotifyRedirect, Data: []byte{9, 9}},
	} {
		if g := a.only(t).redirectOf([]wire.Payload{p}); !g.IsZero() {
			t.Errorf("%s: %v", name, g)
		}
	}
	if g := b.only(t).redirectOf([]wire.Payload{good}); !g.IsZero() {
		t.Errorf("of a client: %v", g)
	}
}
