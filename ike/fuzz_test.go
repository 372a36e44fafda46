package ike

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"culvert/spd"
	"culvert/wire"
)

// drain runs the works of an SA that was given an event, until it rests, and returns the bytes that it sent.
func drain(sa *SA, actions []Action) (sent int) {
	for len(actions) > 0 {
		a := actions[0]
		actions = actions[1:]
		switch a := a.(type) {
		case Send:
			sent += size(a.Datagrams)
		case StartWork:
			actions = append(actions, sa.Handle(sa.now, WorkFinished{SA: a.SA, Work: a.ID, Result: a.Work.Run(context.Background())})...)
		}
	}
	return sent
}

// addRecordedMessages seeds a fuzz target with the messages of foreign peers.
func addRecordedMessages(f *testing.F, add func([]byte)) {
	files, _ := filepath.Glob("testdata/handshakes/*.json")
	for _, name := range files {
		var r recording
		b, err := os.ReadFile(name)
		if err != nil || json.Unmarshal(b, &r) != nil {
			f.Fatal(name)
		}
		for _, p := range r.Packets {
			b, err := hex.DecodeString(p.Message)
			if err != nil {
				f.Fatal(err)
			}
			add(b)
		}
	}
}

// FuzzShard throws datagrams at a gateway that has an IKE SA. None may panic, and the SA may not come to harm by what is not
// authentic.
func FuzzShard(f *testing.F) {
	addRecordedMessages(f, func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, datagram []byte) {
		n, a, b := connected(t, nil)
		n.tap = func(from, to *testNode, d []byte) [][]byte { return nil }
		n.do(b, MessageReceived{Path: reverse(testPath()), Datagram: bytes.Clone(datagram)})
		n.elapse(time.Minute)
		n.tap = nil
		n.do(a, Command{SA: a.only(t).LocalSPI(), Event: CheckLiveness{}})
		if len(a.of(NewsClosed)) != 0 || len(a.only(t).requests.pending) != 0 {
			t.Errorf("the tunnel suffers: %q", b.digest())
		}
	})
}

// FuzzAuthenticatedRequest puts payloads behind the encryption: first those of a peer that has not authenticated, then of
// one that has. The SA may end, but nothing may panic or be left in a state in which it does not answer.
func FuzzAuthenticatedRequest(f *testing.F) {
	child := []wire.Payload{&wire.SA{Proposals: []wire.Proposal{mustProposal(f, wire.ProtocolESP, "aes128gcm16")}},
		&wire.Nonce{Data: make([]byte, 32)}, tsPayload(wire.PayloadTSi, []spd.Selector{spd.Host(addrA)}), tsPayload(wire.PayloadTSr, []spd.Selector{spd.Host(addrB)})}
	f.Add(uint8(wire.ExchangeCreateChildSA), uint8(wire.PayloadSA), wire.AppendPayloads(nil, child))
	proof := []wire.Payload{fqdn("a").Payload(wire.PayloadIDi), pskProof()}
	f.Add(uint8(wire.ExchangeAuth), uint8(wire.PayloadIDi), wire.AppendPayloads(nil, append(proof, child...)))
	for _, exchange := range []wire.ExchangeType{wire.ExchangeAuth, wire.ExchangeCreateChildSA, wire.ExchangeInformational} {
		f.Add(uint8(exchange), uint8(wire.PayloadNotify), wire.AppendPayloads(nil, []wire.Payload{&wire.Notify{NotifyType: wire.NotifyRekeySA, Protocol: wire.ProtocolESP, SPI: []byte{1, 2, 3, 4}}}))
		f.Add(uint8(exchange), uint8(wire.PayloadDelete), wire.AppendPayloads(nil, []wire.Payload{&wire.Delete{Protocol: wire.ProtocolESP, SPIs: []uint32{1}}}))
	}
	addRecordedMessages(f, func(b []byte) { f.Add(b[18], b[16], b[28:]) })
	f.Fuzz(func(t *testing.T, exchange, first uint8, chain []byte) {
		for _, state := range []State{StateAuthenticating, StateEstablished} {
			a, b := newEstablishedPair(t)
			b.env.Connections = NewConnections(pskConnection(t, "b", "a"))
			b.conn = b.env.Connections.list[0]
			b.state, b.initial = state, &initialState{messageI: []byte{1}, messageR: []byte{2}, nonceI: []byte{3}, nonceR: []byte{4}}
			datagram, err := sealChain(a, wire.ExchangeType(exchange), wire.PayloadType(first), chain)
			if err != nil {
				return
			}
			drain(b, b.Handle(b.now, MessageReceived{Path: b.path, Datagram: bytes.Clone(datagram)}))
			again := drain(b, b.Handle(b.now, MessageReceived{Path: b.path, Datagram: datagram}))
			if _, known := b.responses.lookup(0); known.datagrams != nil && again != size(known.datagrams) {
				t.Errorf("a duplicate has %d octets in answer, the first had %d", again, size(known.datagrams))
			}
		}
	})
}

// sealChain seals raw octets as the inner payloads of the first request.
func sealChain(sa *SA, exchange wire.ExchangeType, first wire.PayloadType, chain []byte) ([]byte, error) {
	return sealChainAs(sa, sa.header(exchange, 0, 0), first, chain)
}

// sealChainAs is sealChain for a message with this header.
func sealChainAs(sa *SA, h wire.Header, first wire.PayloadType, chain []byte) ([]byte, error) {
	h.NextPayload = wire.PayloadSK
	n := len(chain) + sa.out.Overhead(len(chain))
	if n > 60000 {
		return nil, errors.New("too large")
	}
	h.Length = uint32(wire.HeaderLen + 4 + n)
	prefix := append(h.Append(nil), byte(first), 0, byte((n+4)>>8), byte(n+4))
	return sa.out.Seal(prefix, chain)
}
