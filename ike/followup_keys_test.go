package ike

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"testing"

	"culvert/dataplane"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// The keys that the engine comes to are derived here again from what is on the wire and from the secrets of the key
// exchanges, by formulas that share no code with the engine.

// A keyWitness sees what keys are made of, and the keys.
type keyWitness struct {
	shared [][]byte // of the initiator, in order
	ike    []ExportIKEKeys
	sas    []dataplane.SA
}

func witness(l *childLab) *keyWitness {
	w := &keyWitness{}
	l.work = func(job Work) any {
		result := runWork(job)
		if ke, ok := result.(keResult); ok {
			if _, initiator := job.(finishKE); initiator {
				w.shared = append(w.shared, bytes.Clone(ke.shared))
			}
		}
		return result
	}
	observe := l.observe
	l.observe = func(at *testNode, a Action) {
		switch a := a.(type) {
		case ExportIKEKeys:
			a.Keys.D, a.Keys.Ei, a.Keys.Er = slices.Clone(a.Keys.D), slices.Clone(a.Keys.Ei), slices.Clone(a.Keys.Er)
			w.ike = append(w.ike, a)
		case InstallSA:
			a.SA.EncrKey = slices.Clone(a.SA.EncrKey)
			w.sas = append(w.sas, a.SA)
		}
		observe(at, a)
	}
	for _, at := range []*testNode{l.a, l.b} {
		at.env.ExportKeys = true
	}
	return w
}

func hmacSHA256(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// prfPlus is prf+ of RFC 7296, Section 2.13.
func prfPlus(key, seed []byte, n int) (out []byte) {
	var last []byte
	for i := byte(1); len(out) < n; i++ {
		last = hmacSHA256(key, last, seed, []byte{i})
		out = append(out, last...)
	}
	return out[:n]
}

// exchanged lets a node's command run, and returns the payloads of its CREATE_CHILD_SA request and of the answer.
func (l *childLab) exchanged(at *testNode, ev Event) (request, response []wire.Payload) {
	l.t.Helper()
	l.holding = true
	own, peer := l.sa(at), l.sa(l.other(at))
	l.command(at, ev)
	request = l.open(peer, l.held[0]).Payloads
	l.deliver(at)
	response = l.open(own, l.held[0]).Payloads
	l.letGo()
	return request, response
}

func nonceIn(payloads []wire.Payload) []byte {
	n, _ := wire.Find[*wire.Nonce](payloads)
	return n.Data
}

func spiIn(payloads []wire.Payload) []byte {
	offer, _ := wire.Find[*wire.SA](payloads)
	return offer.Proposals[0].SPI
}

func TestKeysOfARekeyedIKESAUseItsOwnSPIs(t *testing.T) {
	for _, who := range []string{"a", "b"} {
		l := severalKE(t, threeKE, nil)
		at := map[string]*testNode{"a": l.a, "b": l.b}[who]
		old := secret.Bytes(slices.Clone(l.sa(at).keys.D))
		w := witness(l)
		request, response := l.exchanged(at, RekeyIKE{})
		if len(w.shared) != 4 || len(w.ike) != 2 {
			t.Fatalf("%d secrets, %d sets of keys", len(w.shared), len(w.ike))
		}
		ni, nr := nonceIn(request), nonceIn(response)
		skeyseed := hmacSHA256(old, w.shared[0], ni, nr, w.shared[1], w.shared[2], w.shared[3]) // RFC 9370, Section 2.2.4
		keymat := prfPlus(skeyseed, slices.Concat(ni, nr, spiIn(request), spiIn(response)), 3*32+2*20)
		for _, e := range w.ike {
			if !bytes.Equal(e.Keys.D, keymat[:32]) || !bytes.Equal(e.Keys.Ei, keymat[32:52]) || !bytes.Equal(e.Keys.Er, keymat[52:72]) {
				t.Errorf("%s rekeys: keys %x, want %x", who, []byte(e.Keys.D), keymat[:32])
			}
			if e.SPIi != wire.SPI(binary.BigEndian.Uint64(spiIn(request))) {
				t.Errorf("SPIi %v", e.SPIi)
			}
		}
	}
}

func TestKeysOfAChildComeFromAllKeyExchanges(t *testing.T) {
	for _, who := range []string{"a", "b"} {
		l := severalKE(t, threeKE, nil)
		at := map[string]*testNode{"a": l.a, "b": l.b}[who]
		w := witness(l)
		request, response := l.exchanged(at, RekeyChild{SPI: l.child(at).inSPI})
		if len(w.shared) != 4 || len(w.sas) != 4 {
			t.Fatalf("%d secrets, %d SAs", len(w.shared), len(w.sas))
		}
		seed := slices.Concat(w.shared[0], nonceIn(request), nonceIn(response), w.shared[1], w.shared[2], w.shared[3])
		keymat := prfPlus(l.sa(at).keys.D, seed, 2*20)
		for _, sa := range w.sas { // what the initiator sends has the SPI of the responder
			want := keymat[:20]
			if sa.SPI == binary.BigEndian.Uint32(spiIn(request)) {
				want = keymat[20:]
			}
			if !bytes.Equal(sa.EncrKey, want) {
				t.Errorf("%s rekeys: key of %08x is %x, want %x", who, sa.SPI, []byte(sa.EncrKey), want)
			}
		}
	}
}

// The order of the key exchanges is that of their transform types, whatever stands where in the proposal.
func TestKeyExchangesFollowTheirTransformTypes(t *testing.T) {
	sel := suite.Selection{Proposal: mustProposal(t, wire.ProtocolESP, "aes128gcm16-x25519-ke5_mlkem512-ke1_ecp256-ke2_mlkem768")}
	slices.Reverse(sel.Proposal.Transforms)
	if got, want := sel.Additional(), []wire.TransformID{wire.KEECP256, wire.KEMLKEM768, wire.KEMLKEM512}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}
