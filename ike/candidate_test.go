package ike

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"

	"culvert/auth"
	"culvert/auth/chain"
	"culvert/auth/revocation"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// among gives b several connections in the place of its one, all made from that.
func among(n *testNet, b *testNode, change map[string]func(*Connection), order ...string) {
	var list []*Connection
	for _, name := range order {
		c := *b.env.Connections.list[0]
		c.LocalAuth, c.RemoteAuth = slices.Clone(c.LocalAuth), slices.Clone(c.RemoteAuth)
		c.Name = name
		if f := change[name]; f != nil {
			f(&c)
		}
		list = append(list, &c)
	}
	n.do(b, SetConnections{NewConnections(list...)})
}

// anybody has a connection be for peers of any name.
func anybody(change func(r *auth.Remote)) func(*Connection) {
	return func(c *Connection) {
		c.RemoteAuth[0].ID = auth.Identity{}
		if change != nil {
			change(&c.RemoteAuth[0])
		}
	}
}

func keyed(names ...string) func(*Connection) {
	return anybody(func(r *auth.Remote) {
		r.Method, r.RawKeys = auth.MethodPublicKey, nil
		for _, n := range names {
			r.RawKeys = append(r.RawKeys, signer(n).Public())
		}
	})
}

// chosen connects, and returns the connection that b has taken.
func chosen(t *testing.T, n *testNet, a, b *testNode) *SA {
	t.Helper()
	n.do(a, initiate(a))
	if len(a.of(NewsEstablished)) != 1 || len(b.of(NewsEstablished)) != 1 {
		t.Fatalf("not established\na: %q\nb: %q", a.digest(), b.digest())
	}
	sameKeys(t, a, b)
	return b.only(t)
}

func TestConnectionIsChosenByWhatThePeerProves(t *testing.T) {
	first, second := newAuthority(t, "first CA"), newAuthority(t, "second CA")
	by := func(ca *authority, change func(r *auth.Remote)) func(*Connection) {
		return anybody(func(r *auth.Remote) {
			r.Anchors = []*x509.Certificate{ca.cert}
			if change != nil {
				change(r)
			}
		})
	}
	signed := func(s suite.Scheme) func(r *auth.Remote) {
		return func(r *auth.Remote) { r.Signatures.Schemes = []suite.Scheme{s} }
	}
	strict := func(r *auth.Remote) {
		r.Revocation, r.RevocationInfo = revocation.Strict, revocation.NewChecker(nil, revocation.Options{})
	}
	for name, tt := range map[string]struct {
		unfit, fit func(*Connection)
		code       explain.Code
	}{
		"authority":        {by(first, nil), by(second, nil), explain.AuthCertUntrusted},
		"signature scheme": {by(second, signed(suite.SchemeECDSASHA512)), by(second, signed(suite.SchemeECDSASHA256)), explain.AuthSignatureScheme},
		"policy":           {by(second, func(r *auth.Remote) { r.Policies = []string{"1.2.3"} }), by(second, nil), explain.AuthCertPolicy},
		"key of the chain": {by(second, func(r *auth.Remote) { r.Demands.Keys = []chain.KeyDemand{{Kind: "rsa", Bits: 3072}} }), by(second, nil), explain.AuthCertStrength},
		"revocation":       {by(second, strict), by(second, nil), explain.AuthRevocationUnknown},
		"method":           {anybody(func(r *auth.Remote) { r.Method = auth.MethodEAP }), by(second, nil), ""},
		"rounds": {func(c *Connection) {
			by(second, nil)(c)
			c.RemoteAuth = append(c.RemoteAuth, signedBy("user.example"))
		}, by(second, nil), explain.AuthRounds},
		"protection": {func(c *Connection) { by(second, nil)(c); c.PostQuantum = suite.PostQuantumRequire }, by(second, nil), explain.IKENotQuantumSafe},
	} {
		t.Run(name, func(t *testing.T) {
			n, a, b := gateways(t, withCertificates(first))
			ca := a.env.Connections.list[0]
			ca.LocalAuth[0].Credentials = []auth.Credential{second.issue("a.example")}
			among(n, b, map[string]func(*Connection){"unfit": tt.unfit, "fit": tt.fit, "last": by(second, nil)}, "unfit", "fit", "last")
			sa := chosen(t, n, a, b)
			if sa.conn.Name != "fit" || sa.proof.IKEIdentity != fqdn("a.example") {
				t.Errorf("the connection is %s", sa.conn.Name)
			}
			told := b.of(NewsSwitched)
			if tt.code == "" {
				return // it came first already
			}
			if len(told) != 1 || told[0].Left.Name != "unfit" || told[0].Failure.Code != tt.code || !strings.Contains(told[0].Failure.Error(), `connection "unfit": `) {
				t.Errorf("told %+v", told)
			}
		})
	}
}

func TestConnectionIsChosenByKey(t *testing.T) {
	for _, name := range []string{"carol", "dave", "erin"} {
		n, a, b := gateways(t, func(a, b *Connection) { setRounds(a, b, []string{name}, []string{"b.example"}) })
		among(n, b, map[string]func(*Connection){"carol": keyed("carol"), "dave": keyed("dave"), "erin": keyed("erin")}, "carol", "dave", "erin")
		if sa := chosen(t, n, a, b); sa.conn.Name != name {
			t.Errorf("%s has the connection %s", name, sa.conn.Name)
		}
	}
}

func TestConnectionIsChosenBySecret(t *testing.T) {
	n, a, b := gateways(t, nil)
	among(n, b, map[string]func(*Connection){"other": func(c *Connection) {
		anybody(func(r *auth.Remote) { r.Secrets = psk("another pre-shared key of good length") })(c)
		c.LocalAuth[0].Secrets = c.RemoteAuth[0].Secrets
	}, "ours": anybody(nil)}, "other", "ours")
	if sa := chosen(t, n, a, b); sa.conn.Name != "ours" {
		t.Errorf("the connection is %s", sa.conn.Name)
	}
}

// All that a connection is about comes from the one that is chosen in the end.
func TestWhatFollowsIsOfTheConnectionChosen(t *testing.T) {
	n, a, b := gateways(t, func(a, b *Connection) {
		setRounds(a, b, []string{"dave"}, []string{"b.example"})
		a.Children = []*ChildConfig{netChild(t, "10.1.0.0/16", "10.0.0.0/8")}
	})
	var asked []*Connection
	b.env.Admit = func(a Admission) Work { asked = append(asked, a.Connection); return verdictWork{} }
	child := func(name, local string) func(*Connection) {
		return func(c *Connection) {
			keyed(name)(c)
			c.Children = []*ChildConfig{netChild(t, local, "10.1.0.0/16")}
			c.Children[0].Name = name + "-net"
		}
	}
	among(n, b, map[string]func(*Connection){"carol": child("carol", "10.2.0.0/16"), "dave": child("dave", "10.3.0.0/16")}, "carol", "dave")
	chosen(t, n, a, b)
	up := b.of(NewsChildUp)
	if len(up) != 1 || up[0].Child.Name != "dave-net" || up[0].Child.Local[0].String() != "10.3.0.0/16" {
		t.Errorf("children: %+v", up)
	}
	if len(asked) != 1 || asked[0].Name != "dave" {
		t.Errorf("admitted to %v", asked)
	}
}

func TestSecondRoundChoosesAndTheFirstIsHeldAgainstIt(t *testing.T) {
	second := func(first func(*Connection), name string) func(*Connection) {
		return func(c *Connection) {
			first(c)
			r := signedBy(name)
			r.ID = auth.Identity{}
			c.RemoteAuth = append(c.RemoteAuth[:1], r)
		}
	}
	for name, tt := range map[string]struct {
		first func(*Connection)
		up    bool
	}{"that accepts both": {keyed("machine"), true}, "that would not have accepted the first": {keyed("another machine"), false}} {
		t.Run(name, func(t *testing.T) {
			n, a, b := gateways(t, func(a, b *Connection) { setRounds(a, b, []string{"machine", "dave"}, []string{"b.example"}) })
			among(n, b, map[string]func(*Connection){"carol": second(keyed("machine"), "carol"), "dave": second(tt.first, "dave")}, "carol", "dave")
			if tt.up {
				sa := chosen(t, n, a, b)
				if sa.conn.Name != "dave" || len(sa.proof.remotes) != 2 || len(sa.proof.Remote) != 2 || sa.proof.IKEIdentity != fqdn("machine") {
					t.Errorf("%s: %+v", sa.conn.Name, sa.proof)
				}
				return
			}
			n.do(a, initiate(a))
			if f := b.failure(t, NewsClosed); f.Code != explain.AuthRawKeyUnknown || len(b.of(NewsEstablished)) != 0 {
				t.Errorf("closed with %v", f)
			}
		})
	}
}

// What we have proven before the peer has proven anything must be what the next connection would have proven.
func TestSwitchHasToFitWhatWeHaveSaid(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(l []auth.Local) []auth.Local
		up     bool
	}{
		"the same":         {func(l []auth.Local) []auth.Local { return l }, true},
		"another identity": {func(l []auth.Local) []auth.Local { l[0].ID = fqdn("bb.example"); return l }, false},
		"another key": {func(l []auth.Local) []auth.Local {
			l[0].Credentials = []auth.Credential{{Key: signer("bb.example")}}
			return l
		}, false},
		"other schemes": {func(l []auth.Local) []auth.Local { l[0].Schemes = []suite.Scheme{suite.SchemeEd448}; return l }, false},
		"more rounds":   {func(l []auth.Local) []auth.Local { return append(l, signsAs("site.example")) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			n, a, b := gateways(t, func(a, b *Connection) { setRounds(a, b, []string{"machine", "dave"}, []string{"b.example"}) })
			rounds := func(name string) func(*Connection) {
				return func(c *Connection) {
					keyed("machine")(c)
					c.RemoteAuth[1] = signedBy(name)
					c.RemoteAuth[1].ID = auth.Identity{}
				}
			}
			among(n, b, map[string]func(*Connection){"carol": rounds("carol"), "dave": func(c *Connection) {
				rounds("dave")(c)
				c.LocalAuth = tt.change(c.LocalAuth)
			}}, "carol", "dave")
			if tt.up {
				chosen(t, n, a, b)
				return
			}
			n.do(a, initiate(a))
			f := b.failure(t, NewsClosed)
			if f.Code != explain.AuthNoCandidate || !strings.Contains(f.Error(), `connection "dave": we have authenticated as`) {
				t.Errorf("closed with %v", f)
			}
		})
	}
}

func TestFailureNamesEveryCandidateAndHasAnEnd(t *testing.T) {
	n, a, b := gateways(t, func(a, b *Connection) { setRounds(a, b, []string{"mallory"}, []string{"b.example"}) })
	change := map[string]func(*Connection){}
	var order []string
	for i := range maxCandidates + 6 {
		name := fmt.Sprintf("c%02d", i)
		order, change[name] = append(order, name), keyed(name)
	}
	among(n, b, change, order...)
	n.do(a, initiate(a))
	f := b.failure(t, NewsClosed)
	text := f.Error()
	if f.Code != explain.AuthRawKeyUnknown || f.Notify != wire.NotifyAuthenticationFailed || !strings.Contains(text, `connection "c00": `) || !strings.Contains(text, `connection "c07": `) {
		t.Errorf("closed with %v", f)
	}
	if strings.Contains(text, `"c08"`) || !strings.Contains(text, "and 56 more") || !strings.Contains(text, "6 more were not tried") || len(text) > maxDeclinedShown*(maxDeclinedText+60)+400 {
		t.Errorf("%d octets: %s", len(text), text)
	}
	if got := b.messages(NewsMessageSent)[1]; got != "IKE_AUTH response 1 [ N(AUTHENTICATION_FAILED) ]" {
		t.Errorf("the peer hears %q", got)
	}
}

// A signature that was not made with the key that the peer shows is checked for one connection alone: nothing is proven yet, and
// whoever sends it would have us work for all of them.
func TestForgedSignatureIsCheckedOnce(t *testing.T) {
	ca := newAuthority(t, "CA")
	n, a, b := gateways(t, withCertificates(ca))
	forged := ca.issue("a.example")
	forged.Key = newKey(t)
	a.env.Connections.list[0].LocalAuth[0].Credentials = []auth.Credential{forged}
	among(n, b, nil, "first", "second", "third")
	n.do(a, initiate(a))
	if f := b.failure(t, NewsClosed); f.Code != explain.AuthSignature || strings.Contains(f.Error(), "no connection is for") {
		t.Errorf("closed with %v", f)
	}
}

// A name that a connection gives in full is not to be had with the proofs of a connection for anybody: a guest who knows the
// guests' secret does not come in as a.example.
func TestNameOfAnotherIsNotToBeHadThroughALaxerConnection(t *testing.T) {
	for name, tt := range map[string]struct {
		named auth.Identity
		up    bool
	}{"named": {fqdn("a.example"), false}, "by a pattern": {fqdn("*.example"), true}, "somebody else": {fqdn("x.example"), true}} {
		n, a, b := gateways(t, nil)
		among(n, b, map[string]func(*Connection){"guests": anybody(nil), "office": func(c *Connection) {
			c.RemoteAuth[0] = auth.Remote{ID: tt.named, Method: auth.MethodPublicKey, RawKeys: []crypto.PublicKey{signer("a").Public()}}
		}}, "guests", "office")
		n.do(a, initiate(a))
		if up := len(b.of(NewsEstablished)) == 1; up != tt.up {
			t.Errorf("%s: %q", name, b.digest())
		}
		if f := b.of(NewsClosed); !tt.up && !strings.Contains(f[0].Failure.Error(), "1 more for peers of any name") {
			t.Errorf("closed with %v", f[0].Failure)
		}
	}
}

// A reload in the middle of IKE_AUTH takes candidates away: what is not configured any more is nobody's.
func TestReloadTakesCandidatesAway(t *testing.T) {
	n, a, b := gateways(t, func(a, b *Connection) { setRounds(a, b, []string{"machine", "dave"}, []string{"b.example"}) })
	rounds := func(name string) func(*Connection) {
		return func(c *Connection) {
			keyed("machine")(c)
			c.RemoteAuth[1] = signedBy(name)
			c.RemoteAuth[1].ID = auth.Identity{}
		}
	}
	among(n, b, map[string]func(*Connection){"carol": rounds("carol"), "dave": rounds("dave")}, "carol", "dave")
	before := b.env.Connections.list
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); from == b && h.Exchange == wire.ExchangeAuth && h.MessageID == 1 {
			n.do(b, SetConnections{NewConnections(before[0])})
		}
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	if f := b.failure(t, NewsClosed); !strings.Contains(f.Error(), `connection "dave" has changed`) || len(b.of(NewsEstablished)) != 0 {
		t.Errorf("closed with %v", f)
	}
}
