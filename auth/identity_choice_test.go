package auth

import (
	"crypto/x509"
	"net/netip"
	"testing"

	"culvert/auth/internal/pkitest"
)

func localAddr() netip.Addr { return netip.MustParseAddr("192.0.2.7") }

func TestLocalIdentity(t *testing.T) {
	certified := foreignLocal(t, "ed25519")
	nameless := newParty(t, func(c *x509.Certificate) { c.Subject.CommonName = "" }).local
	for name, tt := range map[string]struct {
		local *Local
		id    string
		want  string
	}{
		"configured":            {certified, "gw.example.org", "gw.example.org"},
		"subject":               {certified, "", "C=CH, O=Culvert, CN=ed25519"},
		"no subject":            {nameless, "", "192.0.2.7"},
		"pre-shared key":        {&Local{Method: MethodPSK}, "", "192.0.2.7"},
		"raw key":               {&Local{Method: MethodPublicKey, Credentials: []Credential{{Key: pkitest.NewKey(t)}}}, "", "192.0.2.7"},
		"another name":          {certified, "CN=other", "CN=other"},
		"pre-shared, with cert": {&Local{Method: MethodPSK, Credentials: certified.Credentials}, "", "192.0.2.7"},
	} {
		local := *tt.local
		local.ID = mustID(t, tt.id)
		if got := local.Identity(localAddr()).String(); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
