package ttls_test

import (
	"crypto/tls"
	"testing"

	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/eap/eaptest"
	"culvert/eap/gtc"
	"culvert/eap/internal/tlslab"
	"culvert/eap/mschapv2"
	"culvert/eap/ttls"
	"culvert/explain"
	"culvert/secret"
)

// sides are the configurations of both sides, to be changed before they meet.
type sides struct {
	client, server carrier.Config
	inner          ttls.Inner
	user           string
	methods        ttls.Methods
}

func password(s string) eap.Password { return eap.Stored(secret.Bytes(s)) }

func accounts() eap.Accounts {
	verify := func(p secret.Bytes) bool { return p.Equal([]byte("correct horse")) }
	return eaptest.Accounts{
		"alice": {User: "alice", NTHash: mschapv2.NTHash(secret.Bytes("correct horse")), Verify: verify, Grant: &eap.Grant{Groups: []string{"staff"}}},
		"old":   {User: "old", NTHash: mschapv2.NTHash(secret.Bytes("correct horse")), Verify: verify, Expired: true},
		"sim":   {User: "sim"},
	}
}

func newSides(t testing.TB, inner ttls.Inner) *sides {
	t.Helper()
	ca := tlslab.NewAuthority(t, "Test CA")
	return &sides{
		client: carrier.Config{Verifier: tlslab.Verifier{Authority: ca, Name: "gw.example.org"}},
		server: carrier.Config{Certificate: ca.Server("gw.example.org")},
		inner:  inner, user: "alice",
		methods: ttls.Methods{PAP: accounts(), MSCHAPv2: accounts(),
			EAP: &eap.Authenticator{Methods: []eap.Method{mschapv2.Server{Accounts: accounts()}, gtc.Server{Accounts: accounts()}}}},
	}
}

func (s *sides) run(t testing.TB) eaptest.Outcome {
	t.Helper()
	c, err := ttls.NewClient(s.client, s.user, s.inner)
	if err != nil {
		t.Fatal(err)
	}
	v, err := ttls.NewServer(s.server, s.methods)
	if err != nil {
		t.Fatal(err)
	}
	return eaptest.Run(t, &eap.Peer{Identity: "anonymous", Methods: []eap.Method{c}}, &eap.Authenticator{Methods: []eap.Method{v}, AskIdentity: true},
		eaptest.Session("anonymous"))
}

// inners are the ways to authenticate inside, with a password.
func inners(word string) map[string]ttls.Inner {
	m := mschapv2.Client{Password: password(word)}
	return map[string]ttls.Inner{
		"PAP":          ttls.PAP(password(word)),
		"MSCHAPv2":     ttls.MSCHAPv2(m),
		"EAP-MSCHAPv2": ttls.EAP(&eap.Peer{Methods: []eap.Method{m}}),
		"EAP-GTC":      ttls.EAP(&eap.Peer{Methods: []eap.Method{gtc.Client{Password: password(word)}}}),
	}
}

func TestEveryInnerMethodAuthenticates(t *testing.T) {
	for name, inner := range inners("correct horse") {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(name+" "+tls.VersionName(version), func(t *testing.T) {
				s := newSides(t, inner)
				s.client.MaxVersion, s.server.MinVersion = version, version
				out := s.run(t)
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
			})
		}
	}
}

func TestWhoDoesNotKnowThePasswordIsRefused(t *testing.T) {
	clientKnows := map[string]explain.Code{"EAP-MSCHAPv2": explain.EAPPassword}
	for name, inner := range inners("wrong") {
		out := newSides(t, inner).run(t)
		if got := eaptest.Code(out.Server); got != explain.EAPPassword {
			t.Errorf("%s: server: got %q (%v)", name, got, out.Server.Err)
		}
		want := explain.EAPRejected
		if code, ok := clientKnows[name]; ok {
			want = code
		}
		if got := eaptest.Code(out.Client); got != want {
			t.Errorf("%s: client: got %q (%v), want %q", name, got, out.Client.Err, want)
		}
	}
}

func TestAccountsThatDoNotServeAreRefused(t *testing.T) {
	tests := []struct {
		user, inner string
		want        explain.Code
	}{
		{"mallory", "PAP", explain.EAPUserUnknown}, {"mallory", "MSCHAPv2", explain.EAPUserUnknown},
		{"old", "PAP", explain.EAPExpired}, {"old", "MSCHAPv2", explain.EAPExpired},
		{"sim", "PAP", explain.EAPCredential}, {"sim", "MSCHAPv2", explain.EAPCredential},
	}
	for _, tt := range tests {
		s := newSides(t, inners("correct horse")[tt.inner])
		s.user = tt.user
		if out := s.run(t); eaptest.Code(out.Server) != tt.want || out.Client.State != eap.Failed {
			t.Errorf("%s with %s: server: got %v, want %s; client: %v", tt.user, tt.inner, out.Server.Err, tt.want, out.Client.State)
		}
	}
}

func TestWhatIsNotAllowedInsideIsRefused(t *testing.T) {
	only := map[string]ttls.Methods{
		"PAP": {MSCHAPv2: accounts()}, "MSCHAPv2": {PAP: accounts()}, "EAP-MSCHAPv2": {PAP: accounts()},
	}
	for name, methods := range only {
		s := newSides(t, inners("correct horse")[name])
		s.methods = methods
		if out := s.run(t); eaptest.Code(out.Server) != explain.EAPNoMethod {
			t.Errorf("%s: got %v", name, out.Server.Err)
		}
	}
}
