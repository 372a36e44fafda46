package swanctl

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
)

// public is the public key of a party, as in the folder pubkey.
func (p *party) public(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(p.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// A round that names nobody is for whoever has a key that is loaded, beside those whom authorities vouch for; one that names somebody
// is not: nothing says whose a key is.
func TestLoadedPublicKeysAreTrustedWhereNobodyIsNamed(t *testing.T) {
	own, carol, dave := newParty(t, "moon", false, nil), newParty(t, "carol", false, nil), newParty(t, "dave", false, nil)
	root := newParty(t, "root", true, nil)
	for _, tt := range []struct {
		remote    string
		withRoot  bool
		keys, cas int
	}{
		{"", false, 2, 0},
		{"id = %any", false, 2, 0},
		{"", true, 2, 1},
		{"id = carol.example.org", true, 0, 1},
		{"cacerts = root.pem", true, 0, 1},
		{"ca_id = \"CN=root\"", true, 0, 1},
		{"pubkeys = carol.pem", true, 1, 0},
	} {
		f := newFolder(fmt.Sprintf("connections {\n rw {\n local {\n auth = pubkey\n pubkeys = moon.pem\n }\n remote {\n auth = pubkey\n %s\n }\n children {\n net {\n }\n }\n }\n }", tt.remote))
		f.put("private/moon.pem", own.private(t))
		for name, p := range map[string]*party{"moon": own, "carol": carol, "dave": dave} {
			f.put("pubkey/"+name+".pem", p.public(t))
		}
		if tt.withRoot {
			f.put("x509ca/root.pem", root.certificate())
		}
		r := only(t, f.good(t)).Remote
		if len(r.PublicKeys) != tt.keys || len(r.CAs) != tt.cas {
			t.Errorf("%q, with a root %v: %d keys and %d authorities, want %d and %d", tt.remote, tt.withRoot, len(r.PublicKeys), len(r.CAs), tt.keys, tt.cas)
		}
		for _, k := range r.PublicKeys {
			if own.key.PublicKey.Equal(k.Key) {
				t.Errorf("%q: our own key is trusted", tt.remote)
			}
		}
	}
	f := newFolder("connections {\n rw {\n local {\n auth = pubkey\n pubkeys = moon.pem\n }\n remote {\n auth = pubkey\n }\n }\n }")
	f.put("private/moon.pem", own.private(t))
	f.put("pubkey/moon.pem", own.public(t))
	if _, found := f.load(); !strings.Contains(found.String(), "no authority is loaded") {
		t.Errorf("with our own key alone: %v", found)
	}
}
