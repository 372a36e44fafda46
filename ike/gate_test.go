package ike

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/suite"
	"culvert/wire"
)

// firstRequest returns a good IKE_SA_INIT request that came from an address.
func firstRequest(t testing.TB, from netip.AddrPort, spi wire.SPI) MessageReceived {
	t.Helper()
	m := &wire.Message{Header: wire.Header{InitiatorSPI: spi, Version: 0x20, Exchange: wire.ExchangeSAInit, Flags: wire.FlagInitiator},
		Payloads: []wire.Payload{
			&wire.SA{Proposals: ikeOffer([]wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519")})},
			&wire.KE{Method: wire.KECurve25519, Data: append([]byte{9}, make([]byte, 31)...)},
			&wire.Nonce{Data: bytes.Repeat([]byte{byte(spi)}, 32)},
		}}
	return MessageReceived{Path: dataplane.Path{Local: netip.AddrPortFrom(addrB, 500), Remote: from}, Datagram: m.Append(nil)}
}

// change edits the message of a request.
func change(t testing.TB, ev MessageReceived, f func(*wire.Message)) MessageReceived {
	m := parse(t, ev.Datagram)
	f(m)
	ev.Datagram = m.Append(nil)
	return ev
}

// without drops the payloads of a type.
func without(list []wire.Payload, t wire.PayloadType) []wire.Payload {
	var rest []wire.Payload
	for _, p := range list {
		if p.Type() != t {
			rest = append(rest, p)
		}
	}
	return rest
}

// answerOf returns the notify of the one datagram among actions, or 0.
func answerOf(t testing.TB, actions []Action) wire.NotifyType {
	t.Helper()
	var found wire.NotifyType
	for _, a := range actions {
		if s, ok := a.(Send); ok {
			m := parse(t, s.Datagrams[0])
			n, ok := wire.Find[*wire.Notify](m.Payloads)
			if !ok || found != 0 || !m.IsResponse() || m.FromInitiator() || m.ResponderSPI != 0 {
				t.Fatalf("answer is %s", wire.Summary(m))
			}
			found = n.NotifyType
		}
	}
	return found
}

// TestGates sends first requests that must lead to no state.
func TestGates(t *testing.T) {
	payload := func(f func([]wire.Payload) []wire.Payload) func(*wire.Message) {
		return func(m *wire.Message) { m.Payloads = f(m.Payloads) }
	}
	tests := []struct {
		name   string
		change func(*wire.Message)
		drop   DropReason
		answer wire.NotifyType
	}{
		{"response flag", func(m *wire.Message) { m.Flags |= wire.FlagResponse }, DropFlags, 0},
		{"zero initiator SPI", func(m *wire.Message) { m.InitiatorSPI = 0 }, DropFlags, 0},
		{"message ID 1", func(m *wire.Message) { m.MessageID = 1 }, DropMessageID, 0},
		{"responder SPI set", func(m *wire.Message) { m.ResponderSPI = 5 }, DropUnknownSPI, 0},
		{"no SA payload", payload(func(p []wire.Payload) []wire.Payload { return without(p, wire.PayloadSA) }), DropMalformed, wire.NotifyInvalidSyntax},
		{"no KE payload", payload(func(p []wire.Payload) []wire.Payload { return without(p, wire.PayloadKE) }), DropMalformed, wire.NotifyInvalidSyntax},
		{"no nonce", payload(func(p []wire.Payload) []wire.Payload { return without(p, wire.PayloadNonce) }), DropMalformed, wire.NotifyInvalidSyntax},
		{"two nonces", payload(func(p []wire.Payload) []wire.Payload { return append(p, &wire.Nonce{Data: make([]byte, 32)}) }), DropMalformed, wire.NotifyInvalidSyntax},
		{"short nonce", payload(func(p []wire.Payload) []wire.Payload { p[2] = &wire.Nonce{Data: make([]byte, 15)}; return p }), DropMalformed, wire.NotifyInvalidSyntax},
		{"long nonce", payload(func(p []wire.Payload) []wire.Payload { p[2] = &wire.Nonce{Data: make([]byte, 257)}; return p }), DropMalformed, wire.NotifyInvalidSyntax},
		{"unknown critical payload", payload(func(p []wire.Payload) []wire.Payload {
			return append(p, &wire.Unknown{PayloadType: 200, Critical: true})
		}), DropMalformed, wire.NotifyUnsupportedCriticalPayload},
		{"other group", payload(func(p []wire.Payload) []wire.Payload { p[1].(*wire.KE).Method = wire.KEECP256; return p }), DropNone, wire.NotifyInvalidKEPayload},
		{"proposal without key exchange", payload(func(p []wire.Payload) []wire.Payload {
			offer := p[0].(*wire.SA)
			offer.Proposals = suite.WithoutKE(offer.Proposals)
			return p
		}), DropNone, wire.NotifyNoProposalChosen},
		{"larger than any honest one", payload(func(p []wire.Payload) []wire.Payload {
			return append(p, &wire.VendorID{Data: make([]byte, maxInitSize)})
		}), DropLength, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, b := gateways(t, nil)
			ev := change(t, firstRequest(t, netip.AddrPortFrom(addrA, 500), 77), tt.change)
			actions := b.shard.Handle(startOfTime, ev)
			if got := answerOf(t, actions); got != tt.answer {
				t.Errorf("answered %v, want %v", got, tt.answer)
			}
			if tt.drop != DropNone && b.env.Stats.Dropped[tt.drop] != 1 {
				t.Errorf("drops %v, want one of %v", b.env.Stats.Dropped, tt.drop)
			}
			if b.shard.Len() != 0 || b.shard.HalfOpen() != 0 {
				t.Error("state is kept")
			}
		})
	}
}

func TestGoodFirstRequestPasses(t *testing.T) {
	_, _, b := gateways(t, nil)
	b.shard.Handle(startOfTime, firstRequest(t, netip.AddrPortFrom(addrA, 500), 77))
	if b.shard.HalfOpen() != 1 {
		t.Error("a good request does not pass")
	}
}

func TestUnknownPayloadsAndVendorIDsAreIgnored(t *testing.T) {
	_, _, b := gateways(t, nil)
	ev := change(t, firstRequest(t, netip.AddrPortFrom(addrA, 500), 77), func(m *wire.Message) {
		m.Payloads = append([]wire.Payload{&wire.VendorID{Data: []byte("somebody")}, &wire.Unknown{PayloadType: 201, Data: []byte{1}}}, m.Payloads...)
		m.Payloads = append(m.Payloads, &wire.Notify{NotifyType: 40999}, &wire.Notify{NotifyType: 8191})
	})
	b.shard.Handle(startOfTime, ev)
	if b.shard.HalfOpen() != 1 {
		t.Error("refused (RFC 7296, Section 2.5)")
	}
}

func TestHalfOpenLimits(t *testing.T) {
	_, _, b := gateways(t, nil)
	b.env.Gateway.HalfOpen = HalfOpenLimits{Cookie: 1000, Total: 6, Prefix: 4}
	open := func(addr string, spi wire.SPI) DropReason {
		before := b.env.Stats.Dropped
		b.shard.Handle(startOfTime, firstRequest(t, netip.MustParseAddrPort(addr), spi))
		for r := range dropReasons {
			if b.env.Stats.Dropped[r] != before[r] {
				return r
			}
		}
		return DropNone
	}
	for i, tt := range []struct {
		addr string
		want DropReason
	}{
		{"192.0.2.10:500", DropNone}, {"192.0.2.10:501", DropNone}, {"192.0.2.10:502", DropCookie}, {"192.0.2.11:500", DropNone},
		{"[2001:db8::1]:500", DropNone}, {"[2001:db8:0:ff::2]:500", DropNone}, {"[2001:db8:0:1::3]:500", DropCookie},
		{"192.0.2.12:500", DropNone}, {"192.0.2.13:500", DropHalfOpenTotal},
	} {
		if got := open(tt.addr, wire.SPI(i+1)); got != tt.want {
			t.Errorf("request %d from %s: %v, want %v", i, tt.addr, got, tt.want)
		}
	}
	b.shard.Handle(startOfTime.Add(halfOpenTime), TimerDue{})
	if b.shard.HalfOpen() != 0 || open("192.0.2.10:502", 99) != DropNone {
		t.Error("slots are not given back")
	}
}

// Somebody who forges the address of a peer must not use up what the peer may have.
func TestForgedAddressesDoNotLockTheirOwnerOut(t *testing.T) {
	n, a, b := gateways(t, nil)
	b.env.Gateway.HalfOpen = HalfOpenLimits{Cookie: 1000, Prefix: 4}
	for i := range 100 {
		b.shard.Handle(n.now, firstRequest(t, netip.AddrPortFrom(addrA, 500), wire.SPI(1000+i)))
	}
	n.do(a, initiate(a))
	if len(a.of(NewsEstablished)) != 1 {
		t.Errorf("locked out: %q", a.digest())
	}
}

func TestNetworkHasItsLimitWithCookiesToo(t *testing.T) {
	n, _, b := gateways(t, nil)
	b.env.Gateway.HalfOpen = HalfOpenLimits{Cookie: 1000, Prefix: 4}
	for i := range 6 {
		ev := firstRequest(t, netip.AddrPortFrom(addrA, 500), wire.SPI(1000+i))
		actions := b.shard.Handle(n.now, change(t, ev, func(*wire.Message) {}))
		if answerOf(t, actions) != wire.NotifyCookie {
			continue
		}
		cookie := actions[len(actions)-1].(Send).Datagrams[0]
		m, err := wire.Parse(cookie)
		if err != nil {
			t.Fatal(err)
		}
		demand, _ := wire.FindNotify(m.Payloads, wire.NotifyCookie)
		b.shard.Handle(n.now, change(t, ev, func(m *wire.Message) { m.Payloads = append([]wire.Payload{demand}, m.Payloads...) }))
	}
	if b.shard.HalfOpen() != 4 || b.env.Stats.Dropped[DropHalfOpenPrefix] != 2 {
		t.Errorf("%d half-open, drops %v", b.shard.HalfOpen(), b.env.Stats.Dropped)
	}
}

func TestAnswersToUnauthenticatedAreLimited(t *testing.T) {
	_, _, b := gateways(t, nil)
	answered := 0
	for i := range 2 * answerBurst {
		ev := change(t, firstRequest(t, netip.AddrPortFrom(addrA, 500), wire.SPI(i+1)), func(m *wire.Message) { m.Payloads = m.Payloads[:1] })
		if answerOf(t, b.shard.Handle(startOfTime, ev)) != 0 {
			answered++
		}
	}
	if answered != answerBurst || b.env.Stats.Dropped[DropRateLimit] != answerBurst {
		t.Errorf("%d answers", answered)
	}
}

func TestHeadersThatAreNotOurs(t *testing.T) {
	request := func(f func([]byte)) []byte {
		ev := firstRequest(t, netip.AddrPortFrom(addrA, 500), 77)
		f(ev.Datagram)
		return ev.Datagram
	}
	tests := []struct {
		name     string
		datagram []byte
		drop     DropReason
		answer   wire.NotifyType
	}{
		{"nothing", nil, DropMalformed, 0},
		{"27 octets", make([]byte, 27), DropMalformed, 0},
		{"IKEv1", request(func(b []byte) { b[17], b[18] = 0x10, 2 }), DropMalformed, 0},
		{"version 3", request(func(b []byte) { b[17] = 0x30 }), DropVersion, wire.NotifyInvalidMajorVersion},
		{"response of version 3", request(func(b []byte) { b[17], b[19] = 0x30, 0x28 }), DropVersion, 0},
		{"length too large", request(func(b []byte) { b[27]++ }), DropLength, 0},
		{"length too small", request(func(b []byte) { b[27]-- }), DropLength, 0},
		{"truncated", request(func([]byte) {})[:40], DropLength, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, b := gateways(t, nil)
			actions := b.shard.Handle(startOfTime, MessageReceived{Path: reverse(testPath()), Datagram: tt.datagram})
			if got := answerOf(t, actions); got != tt.answer {
				t.Errorf("answered %v, want %v", got, tt.answer)
			}
			if b.env.Stats.Dropped[tt.drop] != 1 || b.shard.Len() != 0 {
				t.Errorf("drops %v, %d SAs", b.env.Stats.Dropped, b.shard.Len())
			}
		})
	}
}

// TestMutatedFirstRequest changes every octet of a request in turn; none may do harm, and the next good one is served.
func TestMutatedFirstRequest(t *testing.T) {
	n, a, b := gateways(t, nil)
	b.env.Gateway.HalfOpen = HalfOpenLimits{Cookie: 1 << 20, Total: 1 << 20, Prefix: 1 << 20}
	good := firstRequest(t, netip.AddrPortFrom(addrA, 500), 77)
	for i := range good.Datagram {
		for _, x := range []byte{0x01, 0x80, 0xff} {
			ev := good
			ev.Datagram = bytes.Clone(good.Datagram)
			ev.Datagram[i] ^= x
			n.do(b, ev)
		}
		for _, cut := range [][]byte{good.Datagram[:i]} {
			n.do(b, MessageReceived{Path: good.Path, Datagram: bytes.Clone(cut)})
		}
	}
	n.elapse(2 * time.Minute)
	if b.shard.Len() != 0 {
		t.Errorf("%d SAs are left", b.shard.Len())
	}
	n.do(a, initiate(a))
	if len(b.of(NewsEstablished)) != 1 {
		t.Error("no handshake afterwards")
	}
}

func TestOwnRequestThrownBackIsRefused(t *testing.T) {
	n, a, _ := gateways(t, func(ca, cb *Connection) { ca.RemoteAddrs = nil })
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		n.queue = append(n.queue, flight{a, MessageReceived{Path: testPath(), Datagram: bytes.Clone(d)}})
		return nil
	}
	n.do(a, initiate(a))
	if a.shard.Len() != 1 || a.env.Stats.Dropped[DropReflected] != 1 {
		t.Errorf("%d SAs, drops %v", a.shard.Len(), a.env.Stats.Dropped)
	}
}

func TestDropReasonsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for r := range dropReasons {
		if name := r.String(); name == "" || seen[name] {
			t.Errorf("reason %d has no name of its own: %q", r, name)
		} else {
			seen[name] = true
		}
	}
	if got, want := DropReason(200).String(), "DROP(200)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestExchangeKind(t *testing.T) {
	seen := map[int]string{}
	for _, e := range []wire.ExchangeType{wire.ExchangeSAInit, wire.ExchangeAuth, wire.ExchangeCreateChildSA, wire.ExchangeInformational, wire.ExchangeIntermediate} {
		for _, r := range []bool{false, true} {
			k := ExchangeKind(e, r)
			if k < 0 || k >= exchangeKinds || seen[k] != "" {
				t.Errorf("%v %v is kind %d, like %s", e, r, k, seen[k])
			}
			seen[k] = fmt.Sprint(e, r)
		}
	}
}
