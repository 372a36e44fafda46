package ike

import (
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/auth"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

func TestStatusTellsWhatWithstandsQuantumComputers(t *testing.T) {
	x := []auth.PPK{testPPK("x", "one")}
	for _, tt := range []struct {
		name     string
		proposal string
		side     ppkSide
		want     Resistance
	}{
		{"nothing", "aes128gcm16-prfsha256-x25519", ppkSide{}, Resistance{}},
		{"hybrid", hybridSuite, ppkSide{}, Resistance{true, true, []string{"ML-KEM-768 as ADDKE1"}}},
		{"alone", "aes128gcm16-prfsha256-mlkem512", ppkSide{}, Resistance{true, true, []string{"ML-KEM-512 as KE"}}},
		{"an additional key exchange that is not", "aes128gcm16-prfsha256-x25519-ke1_x448", ppkSide{}, Resistance{}},
		{"PPK early", "aes128gcm16-prfsha256-x25519", ppkSide{ppks: x}, Resistance{true, true, []string{`PPK "x" by IKE_INTERMEDIATE`}}},
		{"PPK late", "aes128gcm16-prfsha256-x25519", ppkSide{ppks: x, exchange: PPKAuth},
			Resistance{false, true, []string{`PPK "x" by IKE_AUTH: protects the children now, the IKE SA only after its next rekey`}}},
		{"both", hybridSuite, ppkSide{ppks: x, exchange: PPKAuth}, Resistance{true, true, []string{"ML-KEM-768 as ADDKE1", `PPK "x" by IKE_AUTH`}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, a, b := connected(t, func(ca, cb *Connection) {
				offering(t, tt.proposal)(ca, cb)
				tt.side.apply(ca)
				tt.side.apply(cb)
			})
			for _, node := range []*testNode{a, b} {
				if got := node.only(t).Status().Resistance; got.IKE != tt.want.IKE || got.Children != tt.want.Children || !slices.Equal(got.Means, tt.want.Means) {
					t.Errorf("%s: %+v, want %+v", node.name, got, tt.want)
				}
			}
		})
	}
}

// An IKE SA that replaces another has its keys from SK_d of that, with all that is in it. A PPK of IKE_AUTH protects it from then
// on.
func TestRekeyedIKESAInheritsResistance(t *testing.T) {
	l := newChildLab(t, func(ca, cb *Connection) {
		offering(t, "aes128gcm16-prfsha256-mlkem512", "aes128gcm16-prfsha256-x25519")(ca, cb)
		ppkSide{ppks: []auth.PPK{testPPK("x", "one")}, exchange: PPKAuth}.apply(ca)
		ppkSide{ppks: []auth.PPK{testPPK("x", "one")}, exchange: PPKAuth}.apply(cb)
	})
	for _, node := range []*testNode{l.a, l.b} {
		l.sa(node).conn.Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519")}
	}
	for range 2 {
		l.command(l.a, RekeyIKE{})
		l.quiet()
		want := []string{"ML-KEM-512 as KE, in the IKE SA that this one replaces", `PPK "x", in the IKE SA that this one replaces`}
		for _, node := range []*testNode{l.a, l.b} {
			if got := l.sa(node).resistance(); !got.IKE || !slices.Equal(got.Means, want) {
				t.Errorf("%s: %+v, want %q", node.name, got, want)
			}
		}
	}
}

// TestRequireMatrix has every pair of what two sides insist on and have: an IKE SA comes up unless a side that insists would get
// one that does not withstand quantum computers, and then with the strongest that both have.
func TestRequireMatrix(t *testing.T) {
	type side struct {
		kem, ppk bool
		exchange PPKExchange
		require  bool
	}
	var sides []side
	for _, require := range []bool{false, true} {
		for _, kem := range []bool{false, true} {
			sides = append(sides, side{kem: kem, require: require}, side{kem, true, PPKAny, require}, side{kem, true, PPKAuth, require})
		}
	}
	set := func(s side, c *Connection) {
		c.Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519")}
		if s.kem {
			c.Proposals = suite.WithPostQuantum(c.Proposals, suite.PostQuantumPrefer)
		}
		if s.ppk {
			c.PPKs, c.PPKExchange = []auth.PPK{testPPK("x", "one")}, s.exchange
		}
		if s.require {
			c.PostQuantum = suite.PostQuantumRequire
		}
	}
	for _, sa := range sides {
		for _, sb := range sides {
			n, a, b := gateways(t, func(ca, cb *Connection) { set(sa, ca); set(sb, cb) })
			n.do(a, initiate(a))
			kem := sa.kem && sb.kem
			early := sa.ppk && sb.ppk && sa.exchange == PPKAny && sb.exchange == PPKAny
			want := kem || early || !sa.require && !sb.require
			if got := len(a.of(NewsEstablished))+len(b.of(NewsEstablished)) == 2; got != want {
				t.Errorf("%+v to %+v: established %v, want %v\na: %q\nb: %q", sa, sb, got, want, a.digest(), b.digest())
				continue
			}
			if want && a.only(t).resistance().IKE != (kem || early) {
				t.Errorf("%+v to %+v: %+v", sa, sb, a.only(t).resistance())
			}
		}
	}
}

// The refusal names what both sides have, and comes before identities are sent.
// A peer that has nothing of what is required refuses without a reason; the operator is told where to look.
func TestRefusedInsistenceIsExplained(t *testing.T) {
	for mode, hinted := range map[suite.PostQuantum]bool{suite.PostQuantumRequire: true, suite.PostQuantumPrefer: false} {
		n, a, _ := gateways(t, func(ca, cb *Connection) {
			ca.PostQuantum, ca.Proposals = mode, []wire.Proposal{mustProposal(t, wire.ProtocolIKE, hybridSuite)}
			cb.Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519")}
		})
		n.do(a, initiate(a))
		n.elapse(time.Minute)
		if f := a.failure(t, NewsFailure); f.Code != explain.IKENoProposal || strings.Contains(f.Error(), "post_quantum") != hinted {
			t.Errorf("%v: %v", mode, f)
		}
	}
}

func TestInsistingIsExplained(t *testing.T) {
	n, a, b := gateways(t, func(ca, _ *Connection) {
		ca.PostQuantum, ca.PPKs = suite.PostQuantumRequire, []auth.PPK{testPPK("x", "one")}
	})
	n.do(a, initiate(a))
	f := a.failure(t, NewsFailure)
	if f.Code != explain.IKENotQuantumSafe {
		t.Errorf("failure %v", f)
	}
	if slices.Contains(a.exchanges(), "IKE_AUTH") {
		t.Errorf("exchanges %q; b: %q", a.exchanges(), b.digest())
	}
}
