package ike

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"culvert/auth"
	"culvert/explain"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

func testPPK(name, key string) auth.PPK {
	return auth.PPK{Name: name, ID: auth.PPKID(wire.PPKIDFixed, []byte(name)), Key: secret.Bytes(key)}
}

// A ppkSide is how one side is set up in a row of the matrices.
type ppkSide struct {
	ppks     []auth.PPK
	required bool
	exchange PPKExchange
}

func (s ppkSide) String() string {
	text := "without"
	if len(s.ppks) > 0 {
		text = fmt.Sprintf("%s=%s", s.ppks[0].Name, string(s.ppks[0].Key))
	}
	if s.required {
		text += ", required"
	}
	return text + [...]string{"", ", intermediate", ", auth"}[s.exchange]
}

func (s ppkSide) apply(c *Connection) {
	c.PPKs, c.PPKRequired, c.PPKExchange = s.ppks, s.required, s.exchange
}

// meant is what two sides come to by RFC 8784, Table 1, and RFC 9867, Table 1: how the PPK is used, or "no" for not, or
// "fail".
func meant(a, b ppkSide) string {
	common := len(a.ppks) > 0 && len(b.ppks) > 0 && a.ppks[0].Same(b.ppks[0])
	both := len(a.ppks) > 0 && len(b.ppks) > 0
	intermediate := both && a.exchange != PPKAuth && b.exchange != PPKAuth
	inAuth := both && !intermediate && a.exchange != PPKIntermediate && b.exchange != PPKIntermediate
	sameID := both && a.ppks[0].Name == b.ppks[0].Name
	switch {
	case common && intermediate:
		return "intermediate"
	case common && inAuth:
		return "auth"
	case a.required || b.required:
		return "fail"
	case inAuth && sameID: // other values show only in AUTH
		return "fail"
	}
	return "no"
}

// come is what two sides come to in fact.
func come(t *testing.T, a, b *testNode) string {
	up := len(a.of(NewsEstablished)) + len(b.of(NewsEstablished))
	if up == 0 {
		return "fail"
	}
	if len(a.of(NewsClosed)) > 0 { // the initiator rejects in an exchange of its own
		return "fail"
	}
	sameKeys(t, a, b)
	x, y := a.only(t), b.only(t)
	switch {
	case (x.ppk == nil) != (y.ppk == nil) || x.ppk != nil && (x.ppkUse != y.ppkUse || !x.ppk.Same(*y.ppk)):
		return "the sides disagree"
	case x.ppk == nil:
		return "no"
	case x.ppkUse == ppkByIntermediate:
		return "intermediate"
	}
	return "auth"
}

// TestPPKMatrix has every pair of sides with and without a PPK, the same or another one, required or not, in either exchange.
func TestPPKMatrix(t *testing.T) {
	var sides []ppkSide
	for _, exchange := range []PPKExchange{PPKAny, PPKIntermediate, PPKAuth} {
		for _, required := range []bool{false, true} {
			for _, p := range []auth.PPK{testPPK("x", "one"), testPPK("x", "two"), testPPK("y", "one")} {
				sides = append(sides, ppkSide{[]auth.PPK{p}, required, exchange})
			}
		}
	}
	sides = append(sides, ppkSide{})
	for _, sa := range sides {
		for _, sb := range sides {
			n, a, b := gateways(t, func(ca, cb *Connection) { sa.apply(ca); sb.apply(cb) })
			n.do(a, initiate(a))
			if got, want := come(t, a, b), meant(sa, sb); got != want {
				t.Errorf("%v to %v: %s, want %s\na: %q\nb: %q", sa, sb, got, want, a.digest(), b.digest())
			}
		}
	}
}

// Whoever refuses says why, with what it has.
func TestPPKFailuresAreExplained(t *testing.T) {
	x, y, none := ppkSide{ppks: []auth.PPK{testPPK("x", "one")}}, ppkSide{ppks: []auth.PPK{testPPK("y", "one")}}, ppkSide{}
	must := func(s ppkSide, e PPKExchange) ppkSide { s.required, s.exchange = true, e; return s }
	for _, tt := range []struct {
		name   string
		a, b   ppkSide
		at     string
		kind   NewsKind
		code   explain.Code
		notify wire.NotifyType
	}{
		{"responder has none", must(x, PPKAuth), none, "a", NewsFailure, explain.IKEPPKRequired, 0},
		{"responder does not know it", must(x, PPKAuth), y, "b", NewsClosed, explain.IKEPPKUnknown, wire.NotifyAuthenticationFailed},
		{"responder requires another one", x, must(y, PPKAuth), "b", NewsClosed, explain.IKEPPKUnknown, wire.NotifyAuthenticationFailed},
		{"responder requires another one early", x, must(y, PPKIntermediate), "b", NewsClosed, explain.IKEPPKUnknown, wire.NotifyAuthenticationFailed},
		{"initiator requires it early", must(x, PPKIntermediate), y, "a", NewsClosed, explain.IKEPPKUnknown, 0},
		{"initiator has none", none, must(x, PPKAny), "b", NewsClosed, explain.IKEPPKRequired, wire.NotifyNoProposalChosen},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, a, b := gateways(t, func(ca, cb *Connection) { tt.a.apply(ca); tt.b.apply(cb) })
			n.do(a, initiate(a))
			node := map[string]*testNode{"a": a, "b": b}[tt.at]
			f := node.failure(t, tt.kind)
			if f.Code != tt.code || f.Notify != tt.notify {
				t.Errorf("%v, want %v and %v", f, tt.code, tt.notify)
			}
			if !strings.Contains(f.Error(), "x") && !strings.Contains(f.Error(), "y") {
				t.Errorf("%v does not name what there is", f)
			}
		})
	}
}

func TestMismatchedPPKIsReported(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) {
		ca.PPKs, cb.PPKs = []auth.PPK{testPPK("x", "one")}, []auth.PPK{testPPK("x", "two")}
	})
	n.do(a, initiate(a))
	if f := b.failure(t, NewsFailure); f.Code != explain.IKEPPKMismatch || !strings.Contains(f.Error(), `"x"`) {
		t.Errorf("failure %v", f)
	}
}

// Of several PPKs the responder picks the initiator's first that both have, whatever its type of identity.
func TestOneOfSeveralPPKsIsPicked(t *testing.T) {
	opaque := auth.PPK{Name: "opaque", ID: auth.PPKID(wire.PPKIDOpaque, []byte("b")), Key: secret.Bytes("three")}
	_, a, b := connected(t, func(ca, cb *Connection) {
		ca.PPKs = []auth.PPK{testPPK("a", "one"), testPPK("b", "wrong here"), opaque, testPPK("c", "four")}
		cb.PPKs = []auth.PPK{testPPK("c", "four"), testPPK("b", "two"), opaque}
		ca.PPKRequired, cb.PPKRequired = true, true
	})
	if got := come(t, a, b); got != "intermediate" || a.only(t).ppk.Name != "opaque" {
		t.Errorf("%s with %v", got, a.only(t).ppk)
	}
	if got := a.exchanges(); len(got) != 3 {
		t.Errorf("exchanges %q", got)
	}
}

// The PPK comes in an exchange of its own, after the additional key exchanges (RFC 9867, Section 3.1).
func TestPPKComesAfterAdditionalKeyExchanges(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) {
		offering(t, hybridSuite)(ca, cb)
		ca.PPKs, cb.PPKs = []auth.PPK{testPPK("x", "one")}, []auth.PPK{testPPK("x", "one")}
	})
	n.do(a, initiate(a))
	want := []string{"IKE_SA_INIT", "IKE_INTERMEDIATE", "IKE_INTERMEDIATE", "IKE_AUTH"}
	if got := a.exchanges(); !slices.Equal(got, want) || come(t, a, b) != "intermediate" {
		t.Errorf("exchanges %q", got)
	}
}

// A peer may put the PPK into the exchange of the last additional key exchange, and not before.
func TestPPKBesideAKeyExchange(t *testing.T) {
	for _, last := range []bool{true, false} {
		n, a, b := gateways(t, func(ca, cb *Connection) {
			offering(t, "aes128gcm16-prfsha256-x25519-ke1_x448")(ca, cb)
			if !last {
				offering(t, "aes128gcm16-prfsha256-x25519-ke1_x448-ke2_mlkem512")(ca, cb)
			}
			ca.PPKs, cb.PPKs = []auth.PPK{testPPK("x", "one")}, []auth.PPK{testPPK("x", "one")}
		})
		n.tap = func(_, _ *testNode, d []byte) [][]byte {
			if h, _ := wire.ParseHeader(d); h.Exchange == wire.ExchangeIntermediate {
				return nil
			}
			return [][]byte{d}
		}
		n.do(a, initiate(a))
		sa := a.only(t)
		prf, err := sa.prf()
		if err != nil {
			t.Fatal(err)
		}
		before := slices.Clone(b.only(t).keys.D)
		payloads := append(offerPPKs(sa.conn.PPKs, prf, sa.ppkData()...), sa.requests.pending[0].payloads...)
		forge(t, n, a, b, wire.ExchangeIntermediate, 1, 0, payloads...)
		got := b.only(t)
		if !last {
			if f := b.failure(t, NewsClosed); f.Code != explain.IKEInvalidSyntax {
				t.Errorf("failure %v", f)
			}
			continue
		}
		if got.ppk == nil || slices.Equal(got.keys.D, before) || len(got.initial.additional) != 0 {
			t.Errorf("b: %q", b.digest())
		}
	}
}

// TestStrippedPPKAnnouncements has somebody take the announcements from the first messages. What is required fails; what is not is
// found out by AUTH, which covers the messages.
func TestStrippedPPKAnnouncements(t *testing.T) {
	for _, stripped := range []wire.NotifyType{wire.NotifyUsePPK, wire.NotifyUsePPKInt} {
		for _, required := range []bool{false, true} {
			for _, from := range []string{"a", "b"} {
				n, a, b := gateways(t, func(ca, cb *Connection) {
					s := ppkSide{[]auth.PPK{testPPK("x", "one")}, required, PPKAny}
					if stripped == wire.NotifyUsePPK {
						s.exchange = PPKAuth
					}
					s.apply(ca)
					s.apply(cb)
				})
				n.tap = func(sender, _ *testNode, d []byte) [][]byte {
					node := map[string]*testNode{"a": a, "b": b}[from]
					return [][]byte{withoutNotify(t, sender, node, d, stripped)}
				}
				n.do(a, initiate(a))
				if len(a.of(NewsEstablished)) != 0 {
					t.Errorf("%v stripped from %s, required %v: a is established", stripped, from, required)
				}
			}
		}
	}
}

// A PPK that was agreed on before the peer's identity was known must be one for that peer.
func TestPPKOfAnotherConnectionIsRefused(t *testing.T) {
	n, a, b := gateways(t, func(ca, _ *Connection) { ca.PPKs = []auth.PPK{testPPK("x", "one")} })
	cb := b.env.Connections.list[0]
	other := *pskConnection(t, "b.example", "c.example")
	other.PPKs, cb.PPKs = []auth.PPK{testPPK("x", "one")}, []auth.PPK{testPPK("y", "two")}
	b.env.Connections = NewConnections(cb, &other)
	n.do(a, initiate(a))
	if f := b.failure(t, NewsClosed); f.Code != explain.IKEPPKUnknown || f.Notify != wire.NotifyAuthenticationFailed {
		t.Errorf("failure %v", f)
	}
}

// The responder must not pick what was not offered (RFC 9867, Section 3.1).
func TestPickOfAnUnofferedPPKIsFatal(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) {
		ca.PPKs, cb.PPKs = []auth.PPK{testPPK("x", "one")}, []auth.PPK{testPPK("x", "one")}
	})
	n.tap = func(from, _ *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); h.Exchange == wire.ExchangeIntermediate {
			return nil
		}
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	forge(t, n, b, a, wire.ExchangeIntermediate, 1, wire.FlagResponse,
		&wire.Notify{NotifyType: wire.NotifyPPKIdentity, Data: auth.PPKID(wire.PPKIDFixed, []byte("y"))})
	if f := a.failure(t, NewsClosed); f.Code != explain.IKEPPKUnknown {
		t.Errorf("failure %v", f)
	}
}

// What a hostile initiator offers is bounded, and malformed offers are passed over.
func TestHostilePPKOffers(t *testing.T) {
	prf, err := suite.NewPRF(wire.PRFHMACSHA256)
	if err != nil {
		t.Fatal(err)
	}
	list := []auth.PPK{testPPK("x", "one")}
	var offers []wire.Payload
	for n := range 12 {
		offers = append(offers, &wire.Notify{NotifyType: wire.NotifyPPKIdentityKey, Data: make([]byte, n)})
	}
	if picked, _ := pickPPK(offers, list, prf, nil); picked != nil {
		t.Errorf("picked %v", picked)
	}
	good := offerPPKs(list, prf, []byte("data"))
	if picked, _ := pickPPK(append(slices.Clone(offers), good...), list, prf, []byte("data")); picked == nil {
		t.Error("the good one is not found")
	}
	many := append(slices.Repeat(offers, 10), good...)
	if picked, _ := pickPPK(many, list, prf, []byte("data")); picked != nil {
		t.Error("more are looked at than are allowed")
	}
}
