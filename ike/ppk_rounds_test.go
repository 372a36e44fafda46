package ike

import (
	"strings"
	"testing"

	"culvert/auth"
)

// The PPK goes with the first AUTH payload of the initiator, whatever round that ends, and is in all that are made later
// (RFC 8784, Section 3).
func TestPPKGoesWithTheFirstProof(t *testing.T) {
	ways := map[string]func(t *testing.T, change func(a, b *Connection)) (*testNet, *testNode, *testNode){
		"EAP": func(t *testing.T, change func(a, b *Connection)) (*testNet, *testNode, *testNode) {
			l := newEAPLab(t, func(_ *eapLab, a, b *Connection) { change(a, b) })
			return l.testNet, l.a, l.b
		},
		"EAP alone": func(t *testing.T, change func(a, b *Connection)) (*testNet, *testNode, *testNode) {
			l := newEAPLab(t, func(l *eapLab, a, b *Connection) { eapAlone(l, a, b); change(a, b) })
			return l.testNet, l.a, l.b
		},
		"several rounds": func(t *testing.T, change func(a, b *Connection)) (*testNet, *testNode, *testNode) {
			return gateways(t, func(a, b *Connection) {
				setRounds(a, b, []string{"a.example", "psk", "user.example"}, []string{"psk", "b.example"})
				change(a, b)
			})
		},
	}
	x, wrong, y := testPPK("x", "one"), testPPK("x", "two"), testPPK("y", "one")
	for way, make := range ways {
		for _, tt := range []struct {
			name     string
			theirs   auth.PPK
			required bool
			want     string
		}{
			{"same", x, false, "auth"}, {"same, required", x, true, "auth"},
			{"another", y, false, "no"}, {"another, required", y, true, "fail"},
			{"other value", wrong, false, "fail"},
		} {
			t.Run(way+", "+tt.name, func(t *testing.T) {
				n, a, b := make(t, func(ca, cb *Connection) {
					ppkSide{[]auth.PPK{x}, tt.required, PPKAuth}.apply(ca)
					ppkSide{[]auth.PPK{tt.theirs}, false, PPKAuth}.apply(cb)
				})
				n.do(a, initiate(a))
				if got := come(t, a, b); got != tt.want {
					t.Errorf("%s, want %s\na: %q\nb: %q", got, tt.want, a.digest(), b.digest())
				}
				checkPPKNotifies(t, a, tt.required)
			})
		}
	}
}

// checkPPKNotifies checks that PPK_IDENTITY went out once, beside AUTH, and NO_PPK_AUTH with it unless the PPK is required.
func checkPPKNotifies(t *testing.T, a *testNode, required bool) {
	t.Helper()
	sent := 0
	for _, m := range a.authMessages() {
		if !strings.Contains(m, "N(PPK_IDENTITY)") {
			continue
		}
		sent++
		if !strings.Contains(m, " AUTH ") || strings.Contains(m, "N(NO_PPK_AUTH)") == required {
			t.Errorf("sent %q", m)
		}
	}
	if sent != 1 {
		t.Errorf("PPK_IDENTITY went out %d times: %q", sent, a.authMessages())
	}
}
