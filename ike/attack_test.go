package ike

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"

	"culvert/wire"
)

// Nobody moves an SA whose peer may move by messages that are not the peer's.
func TestForgedMessagesMoveNothing(t *testing.T) {
	a, b, _ := newEchoPair(t)
	b.peer.behindNAT = true
	_, requests := ask(a, "one")
	before := b.path
	elsewhere := requests[0]
	elsewhere.Path.Local = mustAddrPort("203.0.113.66:4500")
	for i := range elsewhere.Datagrams[0] {
		forged := elsewhere
		d := bytes.Clone(elsewhere.Datagrams[0])
		d[i] ^= 0x40
		forged.Datagrams = [][]byte{d}
		if sent := deliver(b, forged); b.path != before || len(sent) != 0 {
			t.Fatalf("octet %d changed: %d answers, path %v", i, len(sent), b.path)
		}
	}
	if deliver(b, elsewhere); b.path == before {
		t.Error("the peer itself does not move: the test shows nothing")
	}
}

// Fragments behind a chain of unknown payloads that never ends cost the time to count to the bound, and nothing else.
func TestFragmentBehindManyPayloadsIsDropped(t *testing.T) {
	a, b, e := newEchoPair(t)
	a.peer.fragmentation, b.peer.fragmentation = true, true
	fragments, err := wire.SealFragments(a.out, a.header(echoExchange, 0, 0), []wire.Payload{&wire.VendorID{Data: make([]byte, 900)}}, 300)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fragments {
		h, _ := wire.ParseHeader(f)
		chain := make([]wire.Payload, 5000)
		for i := range chain {
			chain[i] = &wire.Unknown{PayloadType: 201}
		}
		padded := wire.Message{Header: h, Payloads: chain}
		d := padded.Append(nil)
		d = append(d, f[wire.HeaderLen:]...)
		d[len(d)-len(f)+wire.HeaderLen-4] = byte(wire.PayloadSKF) // the last unknown one names the fragment as next
		d[24], d[25], d[26], d[27] = 0, byte(len(d)>>16), byte(len(d)>>8), byte(len(d))
		if sent := deliver(b, Send{Path: testPath(), Datagrams: [][]byte{d}}); len(sent) != 0 || len(b.fragments) != 0 {
			t.Fatalf("%d answers, %d messages are being put together", len(sent), len(b.fragments))
		}
	}
	if b.env.Stats.Dropped[DropIntegrity] != uint64(len(fragments)) {
		t.Errorf("drops %v", b.env.Stats.Dropped)
	}
	for _, f := range fragments {
		deliver(b, Send{Path: testPath(), Datagrams: [][]byte{f}})
	}
	if len(e.got) != 1 {
		t.Error("the message itself does not get through")
	}
}

// An authentic peer may send any octets as traffic selectors. What does not parse is INVALID_SYNTAX, the end of this IKE SA
// (RFC 7296, Section 2.21.3) and of nothing else.
func TestCorruptTrafficSelectorsOfAnAuthenticPeer(t *testing.T) {
	good := wire.AppendPayload(nil, tsPayload(wire.PayloadTSi, selectors(t, "10.1.0.0/16")))
	for i := range good {
		for _, mask := range []byte{0x01, 0x80, 0xff} {
			l := oneChild(t, nil)
			body := bytes.Clone(good)
			body[i] ^= mask
			request := l.childRequest(l.espProposal("aes128gcm16-noesn", 0x777))
			at := slices.IndexFunc(request, func(p wire.Payload) bool { return p.Type() == wire.PayloadTSi })
			request[at] = &wire.Unknown{PayloadType: wire.PayloadTSi, Data: body}
			answer := l.ask(l.a, wire.ExchangeCreateChildSA, request...)
			notify := notifyOf(answer)
			closed := len(l.b.of(NewsClosed)) == 1
			if (notify == wire.NotifyInvalidSyntax) != closed {
				t.Errorf("octet %d xor %02x: answered %v, closed %v", i, mask, notify, closed)
			}
		}
	}
}

// Requests are repeated in another's name to have large answers sent there; the number of answers is bounded.
func TestRepeatedFirstRequestIsNoAmplifier(t *testing.T) {
	n, _, b := gateways(t, nil)
	n.tap = func(from, to *testNode, d []byte) [][]byte { return nil }
	for range 1000 {
		n.do(b, firstRequest(t, netip.AddrPortFrom(addrA, 500), 77))
	}
	answers := len(b.messages(NewsMessageSent)) + len(b.of(NewsRetransmitted))
	if answers != 1+maxInitRepeats || b.shard.HalfOpen() != 1 {
		t.Errorf("%d answers, %d half-open", answers, b.shard.HalfOpen())
	}
}
