package swanctl

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/config"
	"culvert/eap"
)

// revokes is a revocation list of an authority with a certificate in it.
func (p *party) revokes(t *testing.T, c *x509.Certificate) []byte {
	t.Helper()
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: c.SerialNumber, RevocationTime: time.Now()}}}, p.x509, p.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

// EAP over TLS trusts roots alone, on both sides, and knows what is below them and what was revoked.
func TestAuthoritiesOfEAPOverTLS(t *testing.T) {
	const (
		server = "local {\n certs = moon.pem\n }\n remote {\n auth = eap-tls\n revocation = strict\n CACERTS\n }"
		client = "remote_addrs = 192.0.2.1\nlocal {\n auth = eap-tls\n certs = moon.pem\n }\n remote {\n auth = eap-tls\n id = moon.example.org\n revocation = strict\n CACERTS\n }"
	)
	for name, rounds := range map[string]string{"server": server, "client": client} {
		for cacerts, vias := range map[string]int{"": 0, "cacerts = middle.der": 1, "cacerts = root.pem": 0} {
			f, root, middle, _ := gateway(t, strings.Replace(rounds, "CACERTS", cacerts, 1))
			f.put("x509crl/root.crl", root.revokes(t, middle.x509))
			c := only(t, f.good(t))
			tls := c.Remote.EAP.TLS.EAPTLS
			if name == "client" {
				tls = c.Local.EAP.TLS.EAPTLS
			}
			is := func(p *party) func(config.CertificateFile) bool {
				return func(f config.CertificateFile) bool { return f.Certificates[0].Equal(p.x509) }
			}
			if len(tls.CAs) != 1 || !is(root)(tls.CAs[0]) || !slices.ContainsFunc(slices.Concat(tls.Intermediates, tls.Via), is(middle)) || len(tls.Via) != vias {
				t.Errorf("%s, %q: %d authorities are trusted, by %d, and %d are below", name, cacerts, len(tls.CAs), len(tls.Via), len(tls.Intermediates))
			}
			if len(tls.CRLs) != 1 || tls.Revocation.String() != "strict" {
				t.Errorf("%s, %q: %d revocation lists, policy %v", name, cacerts, len(tls.CRLs), tls.Revocation)
			}
		}
	}
}

// Without a root nobody is trusted, and clients are not asked for certificates.
func TestEAPOverTLSWithoutARoot(t *testing.T) {
	f, _, _, _ := gateway(t, "local {\n certs = moon.pem\n }\n remote {\n auth = eap\n }")
	delete(f, "etc/swanctl/x509ca/root.pem")
	if e := only(t, f.good(t)).Remote.EAP; slices.Contains(e.Methods, eap.TypeTLS) || len(e.TLS.CAs) != 0 {
		t.Errorf("EAP is %v", e.Methods)
	}
	f, _, _, _ = gateway(t, "local {\n certs = moon.pem\n }\n remote {\n auth = eap-tls\n }")
	delete(f, "etc/swanctl/x509ca/root.pem")
	if _, found := f.load(); !strings.Contains(found.String(), "one that signs itself") {
		t.Errorf("eap-tls: %v", found)
	}
}

// Certificates and authorities beside each other: what is below a root is no anchor there either.
func TestPinnedCertificatesBesideAuthorities(t *testing.T) {
	f, root, middle, _ := gateway(t, "local {\n certs = moon.pem\n }\n remote {\n certs = moon.pem\n cacerts = middle.der\n }")
	r := only(t, f.good(t)).Remote
	if len(r.Pinned) != 1 || len(r.CAs) != 1 || !r.CAs[0].Certificates[0].Equal(root.x509) || len(r.Via) != 1 || !r.Via[0].Certificates[0].Equal(middle.x509) {
		t.Errorf("%d certificates, %d authorities, by %d", len(r.Pinned), len(r.CAs), len(r.Via))
	}
}

// A client that names no method takes up the one by which the server proves itself, before those that only we are proven by.
func TestClientsTakeUpTheServersMethod(t *testing.T) {
	for theirs, want := range map[string][]eap.Type{
		"eap-ttls": {eap.TypeTTLS, eap.TypeMSCHAPv2, eap.TypeMD5Challenge, eap.TypeGTC},
		"eap-peap": {eap.TypePEAP, eap.TypeMSCHAPv2, eap.TypeMD5Challenge, eap.TypeGTC},
		"pubkey":   {eap.TypeMSCHAPv2, eap.TypeMD5Challenge, eap.TypeGTC},
	} {
		f, root, _, _ := gateway(t, "remote_addrs = 192.0.2.1\nlocal {\n auth = eap\n id = carol@example.org\n eap_id = carol\n }\n remote {\n auth = "+theirs+"\n id = moon.example.org\n }")
		e := only(t, f.good(t)).Local.EAP
		if !slices.Equal(e.Methods, want) {
			t.Errorf("%s: methods are %v", theirs, e.Methods)
		}
		if inside := map[bool]config.InnerMethod{true: config.InnerMSCHAPv2, false: config.InnerEAP}[theirs == "pubkey"]; e.TLS.Inner != inside {
			t.Errorf("%s: inside the tunnel goes %s", theirs, e.TLS.Inner)
		}
		if tls := theirs != "pubkey"; tls != (len(e.TLS.CAs) == 1 && e.TLS.CAs[0].Certificates[0].Equal(root.x509)) {
			t.Errorf("%s: %d authorities are trusted", theirs, len(e.TLS.CAs))
		}
	}
}

// What strongSwan's clients do inside a tunnel is one of EAP, MD5 for instance.
func TestServersOfTunnelsTakeMD5(t *testing.T) {
	for _, method := range []string{"eap-ttls", "eap-peap"} {
		f, _, _, _ := gateway(t, "local {\n certs = moon.pem\n }\n remote {\n auth = "+method+"\n }")
		if inner := only(t, f.good(t)).Remote.EAP.TLS.Inner; !slices.Contains(inner, config.InnerMD5) || inner[0] != config.InnerMSCHAPv2 {
			t.Errorf("%s: inside go %v", method, inner)
		}
	}
}
