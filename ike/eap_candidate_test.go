package ike

import (
	"context"
	"slices"
	"strings"
	"testing"

	"culvert/auth"
	"culvert/eap"
	"culvert/eap/md5"
	"culvert/explain"
	"culvert/wire"
)

// served has a connection authenticate peers by EAP.
func served(change func(r *auth.Remote)) func(*Connection) {
	return func(c *Connection) { change(&c.RemoteAuth[0]) }
}

// server is one for carol and dave, who have the same password.
func server(methods ...eap.Method) *scriptedEAP {
	if len(methods) == 0 {
		methods = mschap(carolAndDave())
	}
	return &scriptedEAP{inside: &eap.Authenticator{Methods: methods}}
}

func carolAndDave() eap.Accounts {
	list := users()
	dave := *list["carol"]
	dave.User, dave.Grant = "dave", &eap.Grant{User: "dave", Groups: []string{"board"}}
	list["dave"] = &dave
	return list
}

func (l *eapLab) among(change map[string]func(*Connection), order ...string) {
	among(l.testNet, l.b, change, order...)
}

func TestConnectionIsChosenByTheNameInEAP(t *testing.T) {
	for _, tt := range []struct {
		first, second auth.Identity
		want          string
	}{
		{fqdn("dave"), fqdn("carol"), "second"},
		{auth.Identity{}, fqdn("carol"), "second"},
		{fqdn("dave"), auth.Identity{}, "second"},
		{fqdn("carol"), auth.Identity{}, "first"},
	} {
		l := newEAPLab(t, nil)
		servers := map[string]*scriptedEAP{"first": server(), "second": server()}
		l.among(map[string]func(*Connection){
			"first":  served(func(r *auth.Remote) { r.EAP, r.EAPIdentity = servers["first"], tt.first }),
			"second": served(func(r *auth.Remote) { r.EAP, r.EAPIdentity = servers["second"], tt.second }),
		}, "first", "second")
		_, b := l.established(t)
		if b.conn.Name != tt.want || b.proof.EAPIdentity != "carol" {
			t.Errorf("%v and %v: %s for %s", tt.first, tt.second, b.conn.Name, b.proof.EAPIdentity)
		}
		for name, s := range servers {
			if begun := len(s.begun) > 0; begun != (name == tt.want) || len(s.begun) != s.closed {
				t.Errorf("%v and %v: the server of %s has begun %d and closed %d conversations", tt.first, tt.second, name, len(s.begun), s.closed)
			}
		}
		if got := l.b.authMessages()[0]; got != "IKE_AUTH response 1 [ IDr CERT AUTH EAP ]" {
			t.Errorf("b sent %q", got)
		}
	}
}

// A method that the client declines leaves room for the connection of another.
func TestConnectionIsChosenByTheMethodOfEAP(t *testing.T) {
	for name, ask := range map[string]bool{"with a name": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			l := newEAPLab(t, nil)
			l.client.inside.(*eap.Peer).Methods = l.client.inside.(*eap.Peer).Methods[:1] // EAP-MSCHAPv2
			simple, keys := server(md5.Server{Accounts: users()}), server()
			for _, s := range []*scriptedEAP{simple, keys} {
				s.inside.(*eap.Authenticator).AskIdentity = ask
			}
			l.a.env.Connections.list[0].LocalAuth[0].ID = fqdn("carol") // the name where none is asked for
			l.among(map[string]func(*Connection){
				"md5":  served(func(r *auth.Remote) { r.EAP, r.EAPKeyless = simple, true }),
				"keys": served(func(r *auth.Remote) { r.EAP = keys }),
			}, "md5", "keys")
			_, b := l.established(t)
			if b.conn.Name != "keys" || b.proof.Remote[0] != "EAP-MSCHAPv2" || simple.closed != 1 || keys.closed != 1 {
				t.Errorf("%s by %q", b.conn.Name, b.proof.Remote)
			}
		})
	}
}

func TestConnectionIsChosenByWhatEAPComesTo(t *testing.T) {
	for name, tt := range map[string]struct {
		unfit, fit func(r *auth.Remote)
		methods    []eap.Method
		code       explain.Code
	}{
		"group": {func(r *auth.Remote) { r.Groups = []string{"board"} }, func(r *auth.Remote) { r.Groups = []string{"staff"} }, nil, explain.AuthGroup},
		"keys":  {func(r *auth.Remote) {}, func(r *auth.Remote) { r.EAPKeyless = true }, []eap.Method{md5.Server{Accounts: users()}}, explain.AuthEAPKeyless},
	} {
		for _, shared := range []bool{true, false} {
			l := newEAPLab(t, func(l *eapLab, a, b *Connection) { a.LocalAuth[0].EAPKeyless = true })
			one, other := server(tt.methods...), server(tt.methods...)
			if shared {
				other = one
			}
			for _, s := range []*scriptedEAP{one, other} {
				s.inside.(*eap.Authenticator).AskIdentity = true
			}
			l.among(map[string]func(*Connection){
				"unfit": served(func(r *auth.Remote) { r.EAP = one; tt.unfit(r) }), "fit": served(func(r *auth.Remote) { r.EAP = other; tt.fit(r) }),
			}, "unfit", "fit")
			if shared {
				_, b := l.established(t)
				if told := l.b.of(NewsSwitched); b.conn.Name != "fit" || b.proof.EAPIdentity != "carol" || len(b.proof.Grants) > 1 || len(told) != 1 || told[0].Failure.Code != tt.code {
					t.Errorf("%s: %s, %+v", name, b.conn.Name, told)
				}
				continue
			}
			// What one server has found out is not what another one would have.
			l.connect()
			f := l.b.failure(t, NewsClosed)
			if f.Code != explain.AuthNoCandidate || !strings.Contains(f.Error(), "authenticates by EAP otherwise") || len(l.b.of(NewsEstablished)) != 0 {
				t.Errorf("%s: closed with %v", name, f)
			}
		}
	}
}

// A client that says one name and proves another gets what is for the other, or nothing.
func TestNameInEAPProvesNothing(t *testing.T) {
	for _, shared := range []bool{true, false} {
		l := newEAPLab(t, nil)
		liar := &scriptedEAP{inside: &eap.Peer{Identity: "carol", Methods: l.client.inside.(*eap.Peer).Methods}}
		l.a.env.Connections.list[0].LocalAuth[0].EAP = renamed{liar, "dave"}
		daves, carols := server(), server()
		if shared {
			carols = daves
		}
		l.among(map[string]func(*Connection){
			"board": served(func(r *auth.Remote) { r.EAP, r.EAPIdentity = daves, fqdn("dave") }),
			"staff": served(func(r *auth.Remote) { r.EAP, r.EAPIdentity = carols, fqdn("carol") }),
		}, "staff", "board")
		l.connect()
		up := l.b.of(NewsEstablished)
		switch {
		case len(daves.begun) != 1:
			t.Fatalf("the name was not heard: %q", l.b.digest())
		case shared && (len(up) != 1 || up[0].Connection.Name != "staff" || up[0].Peer != "carol"):
			t.Errorf("established %+v", up)
		case !shared && (len(up) != 0 || l.b.failure(t, NewsClosed).Code != explain.AuthNoCandidate):
			t.Errorf("%q", l.b.digest())
		}
		if !shared && !slices.ContainsFunc(l.b.authMessages(), func(m string) bool { return strings.HasSuffix(m, "[ EAP ]") }) {
			t.Error("no EAP-Failure")
		}
	}
}

// renamed is a client that gives another name to Identity requests than it proves.
type renamed struct {
	*scriptedEAP
	name string
}

func (r renamed) Begin(s eap.Session) (eap.Conversation, error) {
	c, err := r.scriptedEAP.Begin(s)
	return renamedConversation{c, r.name}, err
}

type renamedConversation struct {
	eap.Conversation
	name string
}

func (c renamedConversation) Step(ctx context.Context, packet []byte) eap.Result {
	r := c.Conversation.Step(ctx, packet)
	if p, err := eap.Parse(packet); err == nil && p.Type == eap.TypeIdentity {
		r.Packet = eap.Packet{Code: eap.CodeResponse, Identifier: p.Identifier, Type: eap.TypeIdentity, Data: []byte(c.name)}.Encode()
	}
	return r
}

// A connection whose own proof is another is not reached once ours was sent.
func TestNameInEAPDoesNotChangeWhoWeAre(t *testing.T) {
	l := newEAPLab(t, nil)
	l.among(map[string]func(*Connection){
		"dave": served(func(r *auth.Remote) { r.EAP, r.EAPIdentity = server(), fqdn("dave") }),
		"carol": func(c *Connection) {
			served(func(r *auth.Remote) { r.EAP, r.EAPIdentity = server(), fqdn("carol") })(c)
			c.LocalAuth[0] = signsAs("bb.example")
		},
	}, "dave", "carol")
	l.connect()
	if f := l.b.failure(t, NewsClosed); f.Code != explain.AuthNoCandidate || !strings.Contains(f.Error(), `connection "carol": we have authenticated as b.example already`) {
		t.Errorf("closed with %v", f)
	}
}

// What is no answer to the question for the name is asked again, and not without end.
func TestNameIsAskedForUntilItComes(t *testing.T) {
	l := newEAPLab(t, nil)
	l.among(map[string]func(*Connection){
		"dave":  served(func(r *auth.Remote) { r.EAP, r.EAPIdentity = server(), fqdn("dave") }),
		"carol": served(func(r *auth.Remote) { r.EAP, r.EAPIdentity = server(), fqdn("carol") }),
	}, "dave", "carol")
	l.rewrite(l.a, func(id uint32, payloads []wire.Payload) []wire.Payload {
		for _, p := range payloads {
			if e, ok := p.(*wire.EAP); ok {
				e.Data = eap.Packet{Code: eap.CodeResponse, Identifier: e.Data[1] + 1, Type: eap.TypeIdentity, Data: []byte("carol")}.Encode()
			}
		}
		return payloads
	})
	l.connect()
	if n := len(l.b.authMessages()); len(l.b.of(NewsClosed)) != 1 || n < maxEAPMessages || n > maxEAPMessages+2 {
		t.Errorf("%d messages: %v", n, l.b.of(NewsClosed))
	}
}

func TestNameMayBeADistinguishedName(t *testing.T) {
	id, err := auth.ParseIdentity("C=CH, O=Example, CN=dave@example.org")
	if err != nil {
		t.Fatal(err)
	}
	for _, sent := range []string{id.Data, id.String()} {
		if got := auth.UserIdentity(auth.UserName([]byte(sent))); !got.Equal(id) {
			t.Errorf("%q is %v", sent, got)
		}
	}
	for _, plain := range []string{"carol", "0", "", "0=", "carol@example.org"} {
		if got := auth.UserName([]byte(plain)); got != plain {
			t.Errorf("%q is %q", plain, got)
		}
	}
}

// A PPK that IKE_AUTH was made with, or without, is the next connection's as well.
func TestSwitchHasToFitThePPK(t *testing.T) {
	ppk := []auth.PPK{testPPK("office", "a post-quantum preshared key")}
	for name, tt := range map[string]struct {
		first, second []auth.PPK
		required, up  bool
	}{
		"both":            {ppk, ppk, true, true},
		"the first alone": {ppk, nil, false, false},
		"the second":      {nil, ppk, false, false},
		"none, required":  {nil, nil, true, false},
	} {
		n, a, b := gateways(t, func(a, b *Connection) {
			setRounds(a, b, []string{"dave"}, []string{"b.example"})
			a.PPKs, a.PPKExchange = ppk, PPKAuth
		})
		with := func(name string, list []auth.PPK, required bool) func(*Connection) {
			return func(c *Connection) {
				keyed(name)(c)
				c.PPKs, c.PPKExchange, c.PPKRequired = list, PPKAuth, required
			}
		}
		among(n, b, map[string]func(*Connection){"carol": with("carol", tt.first, false), "dave": with("dave", tt.second, tt.required)}, "carol", "dave")
		n.do(a, initiate(a))
		if up := len(b.of(NewsEstablished)) == 1; up != tt.up {
			t.Errorf("%s: %q", name, b.digest())
		}
	}
}
