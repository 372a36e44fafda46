package peap_test

import (
	"crypto/tls"
	"testing"

	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/eap/eaptest"
	"culvert/eap/gtc"
	"culvert/eap/internal/tlslab"
	"culvert/eap/mschapv2"
	"culvert/eap/peap"
	"culvert/explain"
	"culvert/secret"
)

// sides are the configurations of both sides, to be changed before they meet.
type sides struct {
	client, server               carrier.Config
	inside                       *eap.Peer
	methods                      []eap.Method
	clientBinding, serverBinding bool
}

func password(s string) eap.Password { return eap.Stored(secret.Bytes(s)) }

func accounts() eap.Accounts {
	hash := mschapv2.NTHash(secret.Bytes("correct horse"))
	return eaptest.Accounts{"alice": {User: "alice", NTHash: hash, Grant: &eap.Grant{Groups: []string{"staff"}},
		Verify: func(p secret.Bytes) bool { return p.Equal([]byte("correct horse")) }}}
}

func newSides(t testing.TB) *sides {
	t.Helper()
	ca := tlslab.NewAuthority(t, "Test CA")
	return &sides{
		client:  carrier.Config{Verifier: tlslab.Verifier{Authority: ca, Name: "gw.example.org"}},
		server:  carrier.Config{Certificate: ca.Server("gw.example.org")},
		inside:  &eap.Peer{Identity: "alice", Methods: []eap.Method{mschapv2.Client{Password: password("correct horse")}}},
		methods: []eap.Method{mschapv2.Server{Accounts: accounts()}},
	}
}

// run lets both sides meet as conversations.
func (s *sides) run(t testing.TB) eaptest.Outcome {
	t.Helper()
	c, err := peap.NewClient(s.client, s.inside, s.clientBinding)
	if err != nil {
		t.Fatal(err)
	}
	v, err := peap.NewServer(s.server, &eap.Authenticator{Methods: s.methods}, s.serverBinding)
	if err != nil {
		t.Fatal(err)
	}
	return eaptest.Run(t, &eap.Peer{Identity: "anonymous", Methods: []eap.Method{c}}, &eap.Authenticator{Methods: []eap.Method{v}, AskIdentity: true},
		eaptest.Session("anonymous"))
}

func wantSuccess(t *testing.T, out eaptest.Outcome) {
	t.Helper()
	c, v := out.Client, out.Server
	if c.State != eap.Succeeded || v.State != eap.Succeeded {
		t.Fatalf("client: %v %v, server: %v %v", c.State, c.Err, v.State, v.Err)
	}
	if len(c.MSK) != 64 || !c.MSK.Equal(v.MSK) {
		t.Error("the keys differ")
	}
	if v.Identity != "alice" || v.Grant == nil || v.Grant.Groups[0] != "staff" {
		t.Errorf("identity %q, grant %+v", v.Identity, v.Grant)
	}
}

func TestMSCHAPv2InsideIsBoundToTheTunnel(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			s := newSides(t)
			s.client.MaxVersion, s.server.MinVersion = version, version
			s.clientBinding, s.serverBinding = true, true
			wantSuccess(t, s.run(t))
		})
	}
}

func TestGTCInsideHasNoKeysOfItsOwn(t *testing.T) {
	s := newSides(t)
	s.inside.Methods = []eap.Method{gtc.Client{Password: password("correct horse")}}
	s.methods = append(s.methods, gtc.Server{Accounts: accounts()})
	wantSuccess(t, s.run(t))
}

func TestWhatGoesWrongInsideShowsOutside(t *testing.T) {
	tests := []struct {
		name           string
		change         func(s *sides)
		client, server explain.Code
	}{
		{"the password is wrong", func(s *sides) { s.inside.Methods = []eap.Method{mschapv2.Client{Password: password("wrong")}} },
			explain.EAPPassword, explain.EAPPassword},
		{"nobody is called so", func(s *sides) { s.inside.Identity = "mallory" }, explain.EAPPassword, explain.EAPUserUnknown},
		{"no method in common", func(s *sides) { s.inside.Methods = []eap.Method{gtc.Client{Password: password("x")}} },
			explain.EAPNoMethod, explain.EAPNoMethod},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSides(t)
			tt.change(s)
			out := s.run(t)
			if got := eaptest.Code(out.Client); got != tt.client {
				t.Errorf("client: got %q (%v), want %q", got, out.Client.Err, tt.client)
			}
			if got := eaptest.Code(out.Server); got != tt.server {
				t.Errorf("server: got %q (%v), want %q", got, out.Server.Err, tt.server)
			}
		})
	}
}
