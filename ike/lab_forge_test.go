package ike

import (
	"slices"
	"strings"

	"culvert/wire"
)

// other returns the gateway that is not at.
func (l *childLab) other(at *testNode) *testNode {
	if at == l.a {
		return l.b
	}
	return l.a
}

// ask sends a request with any payloads in the name of a node, with the keys of its IKE SA, and returns the payloads of the
// answer. The node itself takes part in nothing of that.
func (l *childLab) ask(from *testNode, exchange wire.ExchangeType, payloads ...wire.Payload) []wire.Payload {
	l.t.Helper()
	return l.askOn(from, l.sa(from), exchange, payloads...)
}

// askOn is ask with a certain IKE SA.
func (l *childLab) askOn(from *testNode, sa *SA, exchange wire.ExchangeType, payloads ...wire.Payload) []wire.Payload {
	l.t.Helper()
	l.lossless = false // from here on the node does not know what it has
	h := sa.header(exchange, sa.requests.next, 0)
	sa.requests.next++
	was := l.holding
	l.holding = true
	l.inject(from, sa, h, payloads)
	last := len(l.held) - 1
	if last < 0 || l.held[last].from == from {
		l.failf("%s does not answer", l.other(from).name)
	}
	m := l.open(sa, l.held[last])
	l.held, l.holding = l.held[:last], was
	if m.MessageID != h.MessageID || !m.IsResponse() {
		l.failf("message %d of %v is not the answer", m.MessageID, m.Exchange)
	}
	return m.Payloads
}

// inject delivers a message that is sealed with the keys of one node's IKE SA to the other.
func (l *childLab) inject(from *testNode, sa *SA, h wire.Header, payloads []wire.Payload) {
	l.t.Helper()
	b, err := wire.Seal(awake(sa).out, h, payloads)
	if err != nil {
		l.t.Fatal(err)
	}
	path := testPath()
	if from == l.a {
		path = reverse(path)
	}
	l.do(l.other(from), MessageReceived{Path: path, Datagram: b})
}

func (l *childLab) open(sa *SA, d heldDatagram) *wire.Message {
	l.t.Helper()
	m, err := wire.Open(awake(sa).in, slices.Clone(d.ev.(MessageReceived).Datagram))
	if err != nil {
		l.t.Fatal(err)
	}
	return m
}

// intercept takes the request that is held back on its way to a node, and answers it in its name with what respond makes
// of it. The node itself never sees the request.
func (l *childLab) intercept(at *testNode, respond func(request []wire.Payload) []wire.Payload) {
	l.t.Helper()
	sa := l.sa(at)
	m := l.open(sa, l.take(l.other(at)))
	h := sa.header(m.Exchange, m.MessageID, wire.FlagResponse)
	sa.responses.accept(m.MessageID) // as if the node had seen it, and answered
	sa.responses.answer(m.MessageID, [][]byte{{}})
	l.inject(at, sa, h, respond(m.Payloads))
}

// notifyOf returns the type of the one error notify among payloads, or 0.
func notifyOf(payloads []wire.Payload) wire.NotifyType {
	n, ok := errorOf(payloads)
	if !ok {
		return 0
	}
	return n.NotifyType
}

// errorAnswer makes an answer of one notify.
func errorAnswer(t wire.NotifyType, data ...byte) func([]wire.Payload) []wire.Payload {
	return func([]wire.Payload) []wire.Payload { return []wire.Payload{&wire.Notify{NotifyType: t, Data: data}} }
}

// nonce returns a nonce payload of one octet's repetition.
func nonceOf(octet byte) *wire.Nonce {
	return &wire.Nonce{Data: slices.Repeat([]byte{octet}, nonceSize)}
}

// espProposal returns the ESP proposal of a text with an SPI.
func (l *childLab) espProposal(text string, spi uint32) wire.Proposal {
	p := mustProposal(l.t, wire.ProtocolESP, text)
	p.SPI = spiOctets(spi)
	return p
}

// childRequest is a request for a child as node a would send it.
func (l *childLab) childRequest(proposals ...wire.Proposal) []wire.Payload {
	l.t.Helper()
	for i := range proposals {
		proposals[i].Number = uint8(i + 1)
	}
	return []wire.Payload{&wire.SA{Proposals: proposals}, nonceOf(0x55),
		tsPayload(wire.PayloadTSi, selectors(l.t, "10.1.0.0/16")), tsPayload(wire.PayloadTSr, selectors(l.t, "10.2.0.0/16"))}
}

// rekeyNotify is N(REKEY_SA) for an SPI of the sender.
func rekeyNotify(spi uint32) *wire.Notify {
	return &wire.Notify{Protocol: wire.ProtocolESP, SPI: spiOctets(spi), NotifyType: wire.NotifyRekeySA}
}

// lastMessage returns the summary of the last message that a node sent.
func (x *testNode) lastMessage() string {
	sent := x.messages(NewsMessageSent)
	if len(sent) == 0 {
		return ""
	}
	return sent[len(sent)-1]
}

// sent counts the messages of a node whose summary contains a text, since the story began.
func (l *childLab) sent(at *testNode, text string) int {
	n := 0
	for _, line := range l.story {
		if strings.Contains(line, " "+at.name+" ") && strings.Contains(line, " sent ") && strings.Contains(line, text) {
			n++
		}
	}
	return n
}
