package auth

import (
	"crypto/x509"
	"net/netip"
	"strings"
	"testing"
)

func localAddr() netip.Addr { return netip.MustParseAddr("192.0.2.7") }

func TestLocalIdentity(t *testing.T) {
	certified := foreignLocal(t, "ed25519")
	raw := &Local{Method: MethodPublicKey, Credentials: []Credential{{Key: foreignKey(t, "ecdsa384")}}}
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
		"raw key":               {raw, "", "keyid:0x" + strings.Fields(string(testdata(t, "ecdsa384.sha1")))[0]},
		"raw key with a name":   {raw, "gw.example.org", "gw.example.org"},
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
