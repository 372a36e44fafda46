package ike

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"culvert/auth"
	"culvert/explain"
	"culvert/wire"
)

// PPKs in CREATE_CHILD_SA exchanges (RFC 9867, Section 3.2).

// laterPPKs is severalKE whose sides get their PPKs when the IKE SA is up.
func laterPPKs(t testing.TB, a, b ppkSide) *childLab {
	t.Helper()
	l := severalKE(t, twoKE, nil)
	l.configurePPKs(l.a, a)
	l.configurePPKs(l.b, b)
	return l
}

func (l *childLab) configurePPKs(at *testNode, side ppkSide) {
	l.t.Helper()
	conn := *l.sa(at).conn
	side.apply(&conn)
	l.command(at, Reconfigure{&conn})
}

func TestPPKsOfCreateChildSAInEveryCombination(t *testing.T) {
	sides := []ppkSide{{}, {ppks: []auth.PPK{testPPK("one", "1")}}, {ppks: []auth.PPK{testPPK("one", "other value")}},
		{ppks: []auth.PPK{testPPK("two", "2"), testPPK("one", "1")}}, {ppks: []auth.PPK{testPPK("one", "1")}, exchange: PPKAuth},
		{ppks: []auth.PPK{testPPK("one", "1")}, required: true}, {ppks: []auth.PPK{testPPK("one", "other value")}, required: true}}
	for _, a := range sides {
		for _, b := range sides {
			t.Run(fmt.Sprintf("%v to %v", a, b), func(t *testing.T) {
				l := laterPPKs(t, a, b)
				l.lossless = false
				old := l.child(l.a).inSPI
				l.command(l.a, RekeyChild{SPI: old})
				checkPPK(l, meantInCreateChild(a, b), l.child(l.a), l.child(l.b), old)
			})
		}
	}
}

// meantInCreateChild is the name of the PPK that is used, "" for none, or "fail".
func meantInCreateChild(a, b ppkSide) string {
	if a.exchange != PPKAuth && b.exchange != PPKAuth {
		for _, p := range a.ppks {
			if slices.ContainsFunc(b.ppks, p.Same) {
				return p.Name
			}
		}
	}
	if a.required || b.required {
		return "fail"
	}
	return ""
}

func checkPPK(l *childLab, want string, a, b *Child, old uint32) {
	l.t.Helper()
	if want == "fail" {
		if a.inSPI != old {
			l.failf("rekeyed with PPK %q", a.ppk)
		}
		l.checkSPIs(l.a)
		l.checkSPIs(l.b)
		return
	}
	if a.inSPI == old || a.ppk != want || b.ppk != want || l.sa(l.a).childInfo(a).PPK != want {
		l.failf("PPKs %q and %q, want %q", a.ppk, b.ppk, want)
	}
	l.quiet()
	l.agree(1)
}

func TestIKERekeyMixesInAFreshPPK(t *testing.T) {
	side := ppkSide{ppks: []auth.PPK{testPPK("fresh", "2"), testPPK("stale", "1")}, required: true}
	l := laterPPKs(t, side, side)
	for _, at := range []*testNode{l.a, l.b} {
		l.story = nil
		l.command(at, RekeyIKE{})
		for _, node := range []*testNode{l.a, l.b} {
			if sa := l.sa(node); sa.ppk == nil || sa.ppk.Name != "fresh" {
				l.failf("%s has PPK %v", node.name, sa.ppk)
			}
		}
		offers := l.sent(at, "PPK_IDENTITY_KEY")
		if at == l.a && offers == 0 || at == l.b && offers != 0 { // once it is in SK_d there is no point
			l.failf("%s offers %d times", at.name, offers)
		}
	}
	if r := l.sa(l.a).resistance(); !r.IKE || !strings.Contains(strings.Join(r.Means, " "), "fresh") {
		t.Errorf("resistance %+v", r)
	}
	l.quiet()
	l.agree(1)
}

func TestRotatedPPKIsUsedFromTheNextRekeyingOn(t *testing.T) {
	old, fresh := testPPK("old", "1"), testPPK("new", "2")
	l := severalKE(t, twoKE, func(a, b *Connection) {
		ppkSide{ppks: []auth.PPK{old}}.apply(a)
		ppkSide{ppks: []auth.PPK{old}}.apply(b)
	})
	if l.sa(l.a).ppk == nil {
		l.failf("no PPK in the initial exchanges")
	}
	l.configurePPKs(l.a, ppkSide{ppks: []auth.PPK{fresh, old}})
	l.command(l.a, RekeyIKE{}) // the other side does not have the new one yet
	if got := l.sa(l.b).ppk; got == nil || got.Name != "old" || l.sa(l.b).ppkUse != ppkInherited {
		l.failf("PPK %v", got)
	}
	l.configurePPKs(l.b, ppkSide{ppks: []auth.PPK{fresh, old}})
	l.command(l.a, RekeyIKE{})
	if got := l.sa(l.b).ppk; got == nil || got.Name != "new" || l.sa(l.b).ppkUse != ppkByCreateChild {
		l.failf("PPK %v", got)
	}
	l.quiet()
	l.agree(1)
}

func TestRefusalsOfPPKsAreExplained(t *testing.T) {
	one, other := testPPK("one", "1"), testPPK("one", "other value")
	for name, tt := range map[string]struct {
		a, b ppkSide
		at   func(l *childLab) *testNode
		code explain.Code
	}{
		"responder requires":           {ppkSide{}, ppkSide{ppks: []auth.PPK{one}, required: true}, func(l *childLab) *testNode { return l.b }, explain.IKEPPKRequired},
		"responder has another value":  {ppkSide{ppks: []auth.PPK{other}}, ppkSide{ppks: []auth.PPK{one}, required: true}, func(l *childLab) *testNode { return l.b }, explain.IKEPPKUnknown},
		"initiator requires":           {ppkSide{ppks: []auth.PPK{one}, required: true}, ppkSide{}, func(l *childLab) *testNode { return l.a }, explain.IKEPPKRequired},
		"initiator, and another value": {ppkSide{ppks: []auth.PPK{one}, required: true}, ppkSide{ppks: []auth.PPK{other}}, func(l *childLab) *testNode { return l.a }, explain.IKEPPKRequired},
	} {
		t.Run(name, func(t *testing.T) {
			l := laterPPKs(t, tt.a, tt.b)
			l.lossless = false
			l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
			if f := tt.at(l).failure(t, NewsFailure); f.Code != tt.code {
				t.Errorf("failure %v, want %s", f, tt.code)
			}
		})
	}
}

func TestKeysWithAPPKAreThoseOfTheFormula(t *testing.T) {
	side := ppkSide{ppks: []auth.PPK{testPPK("one", "the preshared key")}}
	l := laterPPKs(t, side, side)
	sa := l.sa(l.a)
	w := witness(l)
	request, response := l.exchanged(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
	ni, nr := nonceIn(request), nonceIn(response)
	offer, _ := wire.FindNotify(request, wire.NotifyPPKIdentityKey)
	spis := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(sa.spiI)), uint64(sa.spiR))
	if want := append([]byte("\x02one"), hmacSHA256([]byte("the preshared key"), ni, spis)[:8]...); offer == nil || !bytes.Equal(offer.Data, want) {
		t.Fatalf("PPK_IDENTITY_KEY %+v, want %x", offer, want)
	}
	if answer, _ := wire.FindNotify(response, wire.NotifyPPKIdentity); answer == nil || string(answer.Data) != "\x02one" {
		t.Fatalf("PPK_IDENTITY %+v", answer)
	}
	skd := prfPlus([]byte("the preshared key"), sa.keys.D, 32) // RFC 9867, Section 3.2.1
	keymat := prfPlus(skd, slices.Concat(w.shared[0], ni, nr, w.shared[1]), 2*20)
	if l.sa(l.a) != sa || !bytes.Equal(w.sas[0].EncrKey, keymat[:20]) && !bytes.Equal(w.sas[0].EncrKey, keymat[20:]) {
		t.Errorf("key %x, want one of %x", []byte(w.sas[0].EncrKey), keymat)
	}
}

func TestHostileOffersOfPPKs(t *testing.T) {
	notify := func(data ...byte) wire.Payload {
		return &wire.Notify{NotifyType: wire.NotifyPPKIdentityKey, Data: data}
	}
	var many []wire.Payload
	for i := range 100 {
		many = append(many, notify(2, byte(i), byte(i>>8), 0, 0, 0, 0, 0, 0, 0, 0))
	}
	for name, offers := range map[string][]wire.Payload{
		"empty":                  {notify()},
		"confirmation alone":     {notify(1, 2, 3, 4, 5, 6, 7, 8)},
		"type without value":     {notify(2, 1, 2, 3, 4, 5, 6, 7, 8)},
		"wrong confirmation":     {notify(2, 'o', 'n', 'e', 1, 2, 3, 4, 5, 6, 7, 8)},
		"more than anybody has":  many,
		"long":                   {notify(make([]byte, 60000)...)},
		"confirmation cut short": {notify(2, 'o', 'n', 'e', 1, 2, 3, 4, 5, 6, 7)},
	} {
		t.Run(name, func(t *testing.T) {
			l := laterPPKs(t, ppkSide{}, ppkSide{ppks: []auth.PPK{testPPK("one", "1")}})
			request := append(l.childRequest(l.espProposal(twoKE+"-noesn", 0x7000)), l.keOf(wire.KECurve25519))
			answer := l.ask(l.a, wire.ExchangeCreateChildSA, append(request, offers...)...)
			if _, picked := wire.FindNotify(answer, wire.NotifyPPKIdentity); picked || notifyOf(answer) != 0 {
				t.Errorf("answer %v", answer)
			}
		})
	}
}

func TestPPKThatWasNotOfferedIsNotTaken(t *testing.T) {
	l := laterPPKs(t, ppkSide{ppks: []auth.PPK{testPPK("one", "1")}}, ppkSide{})
	l.lossless, l.holding = false, true
	l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
	l.intercept(l.b, func(request []wire.Payload) []wire.Payload {
		offer, _ := wire.Find[*wire.SA](request)
		chosen := offer.Proposals[0]
		chosen.SPI = spiOctets(0x00200077)
		return []wire.Payload{&wire.SA{Proposals: []wire.Proposal{chosen}}, nonceOf(0x77), linkNotify([]byte{5}), l.keOf(wire.KECurve25519),
			tsPayload(wire.PayloadTSi, selectors(t, "10.1.0.0/16")), tsPayload(wire.PayloadTSr, selectors(t, "10.2.0.0/16")),
			&wire.Notify{NotifyType: wire.NotifyPPKIdentity, Data: []byte("\x02two")}}
	})
	if f := l.a.failure(t, NewsFailure); f.Code != explain.IKEPPKUnknown {
		t.Errorf("failure %v", f)
	}
	if got := l.a.lastMessage(); !strings.Contains(got, "D(ESP 1)") {
		l.failf("a goes on with %s", got)
	}
}
