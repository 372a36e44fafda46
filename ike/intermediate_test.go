package ike

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/wire"
)

// offering has both connections propose the same.
func offering(t testing.TB, proposals ...string) func(a, b *Connection) {
	return func(a, b *Connection) {
		a.Proposals, b.Proposals = nil, nil
		for i, text := range proposals {
			p := mustProposal(t, wire.ProtocolIKE, text)
			p.Number = uint8(i + 1)
			a.Proposals = append(a.Proposals, p)
		}
		b.Proposals = slices.Clone(a.Proposals)
	}
}

const hybridSuite = "aes128gcm16-prfsha256-x25519-ke1_mlkem768"

// exchanges returns the names of the requests that a node has sent.
func (x *testNode) exchanges() []string {
	var list []string
	for _, m := range x.messages(NewsMessageSent) {
		if name, _, ok := strings.Cut(m, " request "); ok {
			list = append(list, name)
		}
	}
	return list
}

// sameKeys checks that both sides of an established SA have the same keys.
func sameKeys(t testing.TB, a, b *testNode) {
	t.Helper()
	x, y := a.only(t), b.only(t)
	if !x.keys.D.Equal(y.keys.D) || !x.keys.Ei.Equal(y.keys.Ei) || !x.keys.Er.Equal(y.keys.Er) {
		t.Error("the sides have different keys")
	}
}

func TestAdditionalKeyExchangeComesBetweenInitAndAuth(t *testing.T) {
	_, a, b := connected(t, offering(t, hybridSuite))
	if got, want := a.exchanges(), []string{"IKE_SA_INIT", "IKE_INTERMEDIATE", "IKE_AUTH"}; !slices.Equal(got, want) {
		t.Errorf("exchanges %q, want %q", got, want)
	}
	sameKeys(t, a, b)
}

// TestSevenAdditionalKeyExchanges has all that there can be, of which FrodoKEM alone has about 10 KiB, over a path of 1280
// octets.
func TestSevenAdditionalKeyExchanges(t *testing.T) {
	n, a, b := gateways(t, offering(t,
		"aes256-sha384-prfsha512-x25519-ke1_mlkem512-ke2_mlkem768-ke3_mlkem1024-ke4_frodo640shake-ke5_x448-ke6_ecp256-ke7_ecp384"))
	largest := 0
	n.tap = func(_, _ *testNode, d []byte) [][]byte {
		largest = max(largest, len(d))
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	if got := a.exchanges(); len(got) != 9 || len(a.of(NewsEstablished)) != 1 || len(b.of(NewsEstablished)) != 1 {
		t.Fatalf("exchanges %q\na: %q\nb: %q", got, a.digest(), b.digest())
	}
	if room := firstDatagram - ipv4Headers; largest > room {
		t.Errorf("a datagram of %d octets, %d have room", largest, room)
	}
	sameKeys(t, a, b)
}

// What is chosen as NONE does not take place (RFC 9370, Section 2.2.1).
func TestAdditionalKeyExchangesChosenAsNoneAreLeftOut(t *testing.T) {
	_, a, b := connected(t, func(ca, cb *Connection) {
		offering(t, "aes128gcm16-prfsha256-x25519-ke1_mlkem768-ke1_none-ke3_mlkem512")(ca, cb)
		cb.Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519-ke3_mlkem512")}
	})
	if got := a.exchanges(); len(got) != 3 {
		t.Errorf("exchanges %q", got)
	}
	if got := a.only(t).suite.Additional(); !slices.Equal(got, []wire.TransformID{wire.KEMLKEM512}) {
		t.Errorf("additional key exchanges %v", got)
	}
	sameKeys(t, a, b)
}

// A peer without IKE_INTERMEDIATE gets what it understands (RFC 9370, Section 2.2.1).
func TestProposalsWithAdditionalKeyExchangesArePassedOverWithoutIntermediate(t *testing.T) {
	n, a, b := gateways(t, offering(t, hybridSuite, "aes128gcm16-prfsha256-x25519"))
	n.tap = func(from, _ *testNode, d []byte) [][]byte {
		return [][]byte{withoutNotify(t, from, a, d, wire.NotifyIntermediateExchangeSupported)}
	}
	n.do(a, initiate(a))
	if sa := b.shard.slots.list[0].sa; len(b.exchanges()) > 0 || sa != nil && len(sa.suite.Additional()) > 0 {
		t.Errorf("b: %q", b.digest())
	}
	if len(b.of(NewsEstablished)) != 0 { // since somebody has changed the request
		t.Error("established although the announcement was stripped")
	}
}

// withoutNotify returns a datagram of one node without a notify, or another one as it is.
func withoutNotify(t testing.TB, from, node *testNode, d []byte, stripped wire.NotifyType) []byte {
	t.Helper()
	m, err := wire.Parse(d)
	if err != nil || from != node || m.Exchange != wire.ExchangeSAInit {
		return d
	}
	m.Payloads = slices.DeleteFunc(m.Payloads, func(p wire.Payload) bool {
		n, ok := p.(*wire.Notify)
		return ok && n.NotifyType == stripped
	})
	return m.Append(nil)
}

// TestEveryDatagramMayBeLost loses each datagram of the exchange once, and delivers each twice.
func TestEveryDatagramMayBeLost(t *testing.T) {
	proposal := offering(t, "aes128-sha256-x25519-ke1_mlkem768-ke2_mlkem1024")
	total := 0
	for lost := 0; lost <= total; lost++ {
		n, a, b := gateways(t, proposal)
		count := 0
		n.tap = func(_, _ *testNode, d []byte) [][]byte {
			if count++; count == lost {
				return nil
			}
			return [][]byte{d, d}
		}
		n.do(a, initiate(a))
		n.elapse(20 * time.Second)
		if len(a.of(NewsEstablished)) != 1 || len(b.of(NewsEstablished)) != 1 {
			t.Fatalf("datagram %d lost\na: %q\nb: %q", lost, a.digest(), b.digest())
		}
		sameKeys(t, a, b)
		if lost == 0 {
			total = count
		}
	}
	if total < 10 {
		t.Errorf("%d datagrams only", total)
	}
}

// TestRetransmissionUnderFormerKeys repeats a request after the keys have changed: the same answer comes again, and what is
// forged is still told apart.
func TestRetransmissionUnderFormerKeys(t *testing.T) {
	n, a, b := gateways(t, offering(t, "aes128gcm16-prfsha256-x25519-ke1_x448"))
	var request, answer []byte
	n.tap = func(from, _ *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); h.Exchange != wire.ExchangeIntermediate {
			return [][]byte{d}
		}
		if from == a {
			request = bytes.Clone(d)
			return [][]byte{d}
		}
		answer = bytes.Clone(d)
		return nil
	}
	n.do(a, initiate(a))
	first := answer
	answer = nil
	forged := bytes.Clone(request)
	forged[len(forged)-1] ^= 1
	n.do(b, MessageReceived{Path: reverse(testPath()), Datagram: forged})
	if answer != nil {
		t.Error("a forged repetition is answered")
	}
	n.do(b, MessageReceived{Path: reverse(testPath()), Datagram: bytes.Clone(request)})
	if first == nil || !bytes.Equal(answer, first) {
		t.Errorf("answer %x, want %x", answer, first)
	}
	n.tap = nil
	n.elapse(10 * time.Second)
	if len(a.of(NewsEstablished)) != 1 || len(b.of(NewsEstablished)) != 1 {
		t.Fatalf("not established\na: %q\nb: %q", a.digest(), b.digest())
	}
}

func TestAttemptMayBeWithdrawnDuringIntermediate(t *testing.T) {
	n, a, _ := gateways(t, offering(t, hybridSuite))
	n.tap = func(from, _ *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); h.Exchange == wire.ExchangeIntermediate {
			return nil
		}
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	n.do(a, Command{SA: a.only(t).LocalSPI(), Event: Withdraw{}})
	if len(a.of(NewsClosed)) != 1 {
		t.Errorf("the attempt goes on: %q", a.digest())
	}
}

func TestAttemptIsNotWithdrawnAfterAuth(t *testing.T) {
	n, a, _ := gateways(t, offering(t, hybridSuite))
	n.tap = func(from, _ *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); h.Exchange == wire.ExchangeAuth {
			return nil
		}
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	n.do(a, Command{SA: a.only(t).LocalSPI(), Event: Withdraw{}})
	if len(a.of(NewsClosed)) != 0 {
		t.Errorf("the attempt ends although the peer may be established: %q", a.digest())
	}
}
