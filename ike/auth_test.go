package ike

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"culvert/auth"
	"culvert/explain"
	"culvert/wire"
)

func TestWrongPSKIsRefusedByTheResponder(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) { ca.LocalAuth[0].Secrets = psk("another pre-shared key of good length") })
	n.do(a, initiate(a))
	if f := a.failure(t, NewsClosed); f.Code != explain.IKEAuthPeerRejected || f.Notify != wire.NotifyAuthenticationFailed {
		t.Errorf("a closed with %v", f)
	}
	if f := b.failure(t, NewsClosed); f.Code != explain.AuthPSKWrong {
		t.Errorf("b closed with %v", f)
	}
	if got := b.messages(NewsMessageSent)[1]; got != "IKE_AUTH response 1 [ N(AUTHENTICATION_FAILED) ]" {
		t.Errorf("b answered %q", got)
	}
	n.elapse(time.Minute)
	if a.shard.Len()+b.shard.Len() != 0 || b.shard.HalfOpen() != 0 {
		t.Errorf("%d and %d SAs are left", a.shard.Len(), b.shard.Len())
	}
}

// TestRefusalIsRepeated also covers what once crashed another implementation: no PSK for the peer, then a retransmission.
func TestRefusalIsRepeated(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) {
		cb.RemoteAuth[0].Secrets = auth.NewSecrets()
		cb.LocalAuth[0].Secrets = auth.NewSecrets()
	})
	lost := false
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); from == b && h.Exchange == wire.ExchangeAuth && !lost {
			lost = true
			return nil
		}
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	if len(b.of(NewsClosed)) != 1 || len(a.of(NewsClosed)) != 0 {
		t.Fatal("b did not refuse, or a heard of it")
	}
	n.elapse(5 * time.Second)
	if f := a.failure(t, NewsClosed); f.Code != explain.IKEAuthPeerRejected {
		t.Errorf("a closed with %v", f)
	}
	n.elapse(time.Minute)
	if b.shard.Len() != 0 {
		t.Error("b's SA never goes")
	}
}

func TestWrongPSKIsRefusedByTheInitiator(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) { cb.LocalAuth[0].Secrets = psk("another pre-shared key of good length") })
	n.do(a, initiate(a))
	if f := a.failure(t, NewsClosed); f.Code != explain.AuthPSKWrong {
		t.Errorf("a closed with %v", f)
	}
	last := a.messages(NewsMessageSent)
	if got := last[len(last)-1]; got != "INFORMATIONAL request 2 [ N(AUTHENTICATION_FAILED) ]" {
		t.Errorf("a's last message is %q (RFC 7296, Section 2.21.2)", got)
	}
	if len(a.of(NewsEstablished)) != 0 || len(b.of(NewsEstablished)) != 1 {
		t.Errorf("established: a %d, b %d", len(a.of(NewsEstablished)), len(b.of(NewsEstablished)))
	}
}

func TestRejectionEndsWithoutConfirmationToo(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) { cb.LocalAuth[0].Secrets = psk("another pre-shared key of good length") })
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); from == b && h.Exchange == wire.ExchangeInformational {
			return nil
		}
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	n.elapse(rejectGrace)
	if f := a.failure(t, NewsClosed); f.Code != explain.AuthPSKWrong {
		t.Errorf("a closed with %v", f)
	}
	if a.shard.Len() != 0 {
		t.Error("a keeps the SA")
	}
}

func TestPeerOfAnotherIdentityIsRejected(t *testing.T) {
	n, a, _ := gateways(t, func(ca, cb *Connection) { cb.LocalAuth[0].ID = fqdn("c.example") })
	n.do(a, initiate(a))
	f := a.failure(t, NewsClosed)
	if f.Notify != wire.NotifyAuthenticationFailed || len(a.of(NewsEstablished)) != 0 {
		t.Errorf("a closed with %v", f)
	}
}

func TestUnknownIdentityIsRefusedWithBothSidesValues(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) { ca.LocalAuth[0].ID = fqdn("x.example") })
	n.do(a, initiate(a))
	f := b.failure(t, NewsClosed)
	if f.Code != explain.IKENoConnection || !strings.Contains(f.Error(), "x.example") || !strings.Contains(f.Error(), "192.0.2.1") {
		t.Errorf("b closed with %v", f)
	}
}

func TestPeerWithoutIDr(t *testing.T) {
	_, a, b := connected(t, func(ca, cb *Connection) { ca.RemoteAuth[0].ID = auth.Identity{} })
	if got := a.messages(NewsMessageSent)[1]; got != "IKE_AUTH request 1 [ IDi AUTH ]" {
		t.Errorf("a sent %q", got)
	}
	if got := b.only(t).local.String(); got != "b.example" {
		t.Errorf("b is %s", got)
	}
}

func TestInformationalBeforeAuthenticationIsIgnored(t *testing.T) {
	n, a, b := gateways(t, nil)
	var held [][]byte
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); h.Exchange == wire.ExchangeAuth && from == a {
			held = append(held, bytes.Clone(d))
			return nil
		}
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	sa := a.only(t)
	for _, exchange := range []wire.ExchangeType{wire.ExchangeInformational, wire.ExchangeCreateChildSA, 99} {
		datagram, err := wire.Seal(sa.out, sa.header(exchange, 1, 0), []wire.Payload{&wire.Delete{Protocol: wire.ProtocolIKE}})
		if err != nil {
			t.Fatal(err)
		}
		sent := len(b.messages(NewsMessageSent))
		n.do(b, MessageReceived{Path: reverse(testPath()), Datagram: datagram})
		if b.only(t).state != StateAuthenticating || len(b.messages(NewsMessageSent)) != sent {
			t.Errorf("%v request before IKE_AUTH: state %v", exchange, b.only(t).state)
		}
	}
	n.tap = nil
	n.do(b, MessageReceived{Path: reverse(testPath()), Datagram: held[0]})
	if len(a.of(NewsEstablished)) != 1 {
		t.Error("the Message ID was used up: IKE_AUTH does not get through any more")
	}
}

func TestHalfAChildInIKEAuthIsASyntaxError(t *testing.T) {
	for _, missing := range []wire.PayloadType{wire.PayloadSA, wire.PayloadTSi, wire.PayloadTSr} {
		t.Run(missing.String(), func(t *testing.T) {
			n, a, b := gateways(t, withChild(t))
			var own []wire.Payload
			n.tap = func(from, to *testNode, d []byte) [][]byte {
				h, _ := wire.ParseHeader(d)
				if sa := a.only(t); h.Exchange == wire.ExchangeAuth && from == a {
					own = without(sa.requests.pending[0].payloads, missing)
					d, _ = wire.Seal(sa.out, sa.header(wire.ExchangeAuth, 1, 0), own)
				}
				return [][]byte{d}
			}
			n.do(a, initiate(a))
			if f := b.failure(t, NewsClosed); f.Notify != wire.NotifyInvalidSyntax {
				t.Errorf("b closed with %v", f)
			}
			if f := a.failure(t, NewsClosed); f.Notify != wire.NotifyInvalidSyntax {
				t.Errorf("a closed with %v", f)
			}
		})
	}
}

func TestPeerThatNeverAuthenticatesIsForgotten(t *testing.T) {
	n, a, b := gateways(t, nil)
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); h.Exchange == wire.ExchangeAuth {
			return nil
		}
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	if b.shard.HalfOpen() != 1 {
		t.Fatalf("%d half-open", b.shard.HalfOpen())
	}
	n.elapse(halfOpenTime)
	if f := b.failure(t, NewsClosed); f.Code != explain.IKEHalfOpen {
		t.Errorf("closed with %v", f)
	}
	if b.shard.HalfOpen() != 0 || b.shard.Len() != 0 || len(b.shard.inits) != 0 || len(b.shard.half.byPrefix) != 0 {
		t.Error("something is left over")
	}
}

func TestChildless(t *testing.T) {
	child := &ChildConfig{Name: "net"}
	tests := []struct {
		name     string
		a, b     Childless
		children []*ChildConfig
		want     string // a's IKE_AUTH request, or
		code     explain.Code
	}{
		{"no child wanted", ChildlessAllow, ChildlessAllow, nil, "IKE_AUTH request 1 [ IDi IDr AUTH ]", ""},
		{"preferred", ChildlessPrefer, ChildlessAllow, []*ChildConfig{child}, "IKE_AUTH request 1 [ IDi IDr AUTH ]", ""},
		{"peer never, no child wanted", ChildlessAllow, ChildlessNever, nil, "", explain.IKEChildless},
		{"forced, peer never", ChildlessForce, ChildlessNever, []*ChildConfig{child}, "", explain.IKEChildless},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, a, _ := gateways(t, func(ca, cb *Connection) { ca.Childless, cb.Childless, ca.Children = tt.a, tt.b, tt.children })
			n.do(a, initiate(a))
			if tt.code != "" {
				if f := a.failure(t, NewsClosed); f.Code != tt.code {
					t.Errorf("closed with %v", f)
				}
				return
			}
			if got := a.messages(NewsMessageSent)[1]; got != tt.want {
				t.Errorf("sent %q, want %q", got, tt.want)
			}
		})
	}
}

func TestChildlessRequestIsRefusedWhenItWasNotAnnounced(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) { cb.Childless = ChildlessNever })
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); from == b && h.Exchange == wire.ExchangeSAInit {
			m := parse(t, d)
			m.Payloads = append(m.Payloads, &wire.Notify{NotifyType: wire.NotifyChildlessIKEv2Supported})
			d = m.Append(nil)
		}
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	if f := b.failure(t, NewsClosed); f.Notify != wire.NotifyInvalidSyntax {
		t.Errorf("b closed with %v, want INVALID_SYNTAX (RFC 6023, Section 3)", f)
	}
}

func TestVerificationThatNeverEndsDoesNotHoldTheInitiator(t *testing.T) {
	n, a, _ := gateways(t, nil)
	n.work = func(w Work) any {
		if v, ok := w.(auth.Verify); ok && v.LocalID == fqdn("a.example") {
			a.shard.slots.find(a.only(t).LocalSPI()).sa.work = nil // its result never comes
		}
		return runWork(w)
	}
	n.do(a, initiate(a))
	n.elapse(loginTime)
	if f := a.failure(t, NewsClosed); f.Code != explain.IKEHalfOpen {
		t.Errorf("closed with %v", f)
	}
}
