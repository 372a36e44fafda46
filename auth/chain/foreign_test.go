package chain

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"strings"
	"testing"
	"time"

	"culvert/auth/internal/pkitest"
)

// critical adds an extension that nobody knows.
func critical(c *x509.Certificate) {
	c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
}

// foreignNow is when the certificates of testdata are valid.
func foreignNow() time.Time { return time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC) }

func readPEM(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		t.Fatalf("%s: no PEM", name)
	}
	return block.Bytes
}

func foreign(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(readPEM(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}

// TestForeign has certificates that openssl and strongSwan's pki have signed; see testdata/make.sh.
func TestForeign(t *testing.T) {
	for _, tt := range []struct{ name, anchor, leaf, intermediates, path string }{
		{"self-signed anchor", "ed448-root", "ed448-direct", "", "ed448-direct ed448-root"},
		{"one intermediate", "ed448-root", "ed448-leaf", "ed448-sub", "ed448-leaf ed448-sub ed448-root"},
		{"the intermediate is the anchor", "ed448-sub", "ed448-leaf", "", "ed448-leaf ed448-sub"},
		{"the root is sent, too", "ed448-root", "ed448-leaf", "ed448-root ed448-sub", "ed448-leaf ed448-sub ed448-root"},
		{"Ed448 signs Ed25519", "ed448-root", "ed448-to-ed25519", "", "ed448-to-ed25519 ed448-root"},
		{"Ed25519 signs Ed448", "ed25519-root", "ed25519-to-ed448", "", "ed25519-to-ed448 ed25519-root"},
		{"Ed25519 above Ed448 above Ed25519", "ed25519-root", "mixed-leaf", "ed25519-sub-ed448", "mixed-leaf ed25519-sub-ed448 ed25519-root"},
		{"the leaf is the anchor", "ed448-root", "ed448-root", "", "ed448-root"},
		{"name constraints", "ed448-root", "ed448-below-constrained", "ed448-constrained", "ed448-below-constrained ed448-constrained ed448-root"},
		{"RSASSA-PSS keys", "rsapss-root", "rsapss-leaf", "", "rsapss-leaf rsapss-root"},
		{"RSASSA-PSS key signs Ed448", "rsapss-root", "rsapss-to-ed448", "", "rsapss-to-ed448 rsapss-root"},
		{"pki", "pki-ed448-ca", "pki-ed448", "", "pki-ed448 pki-ed448-ca"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			paths, err := Verify(foreign(t, tt.leaf), foreignOptions(t, tt.anchor, tt.intermediates))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, c := range paths[0] {
				names = append(names, c.Subject.CommonName)
			}
			if got := strings.Join(names, " "); got != tt.path {
				t.Errorf("path %s, want %s", got, tt.path)
			}
		})
	}
}

func foreignOptions(t *testing.T, anchor, intermediates string) Options {
	t.Helper()
	opt := options(foreignNow(), foreign(t, anchor))
	for _, name := range strings.Fields(intermediates) {
		opt.Intermediates = append(opt.Intermediates, foreign(t, name))
	}
	return opt
}

func TestEd448Refused(t *testing.T) {
	for _, tt := range []struct {
		name, anchor, leaf, intermediates string
		kind                              Kind
		word                              string
	}{
		{"missing intermediate", "ed448-root", "ed448-leaf", "", Untrusted, `issued by "C=CH, O=Culvert, CN=ed448-sub"`},
		{"another root of the name", "ed448-other-root", "ed448-direct", "", Untrusted, "no anchor"},
		{"path length", "ed448-root", "ed448-too-deep", "ed448-sub ed448-deep", Constraint, "path length"},
		{"issuer is no CA", "ed448-root", "ed448-below-no-ca", "ed448-no-ca", Untrusted, "no CA"},
		{"issuer is of version 1", "ed448-root", "ed448-below-v1", "ed448-v1", Untrusted, "no CA"},
		{"issuer may not sign", "ed448-root", "ed448-below-no-sign", "ed448-no-sign", Untrusted, "key usage"},
		{"critical extension", "ed448-root", "ed448-critical", "", Constraint, "critical extension"},
		{"critical extension of a CA", "ed448-root", "ed448-below-critical", "ed448-sub-critical", Constraint, "critical extension"},
		{"expired CA", "ed448-root", "ed448-below-old", "ed448-old", Expired, "ed448-old"},
		{"expired", "ed448-root", "ed448-old", "", Expired, "ed448-old"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Verify(foreign(t, tt.leaf), foreignOptions(t, tt.anchor, tt.intermediates))
			wantKind(t, err, tt.kind, tt.word)
		})
	}
}

// TestUselessCertificatesAreNoWayAround: what is refused is not accepted because of what else was sent along.
func TestUselessCertificatesAreNoWayAround(t *testing.T) {
	root := pkitest.NewAuthority(t, "root")
	named := root.Subordinate(t, "named", func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"example.com"}
	})
	end := &pkitest.Authority{Key: pkitest.NewKey(t)}
	end.Cert = root.Issue(t, "end", end.Key.Public())
	noPath := root.Subordinate(t, "nopath", func(c *x509.Certificate) { c.MaxPathLenZero = true })
	gw := func(c *x509.Certificate) { c.DNSNames = []string{"gw.example.org"} }
	along := foreign(t, "ed448-root")
	along.NotBefore = pkitest.Now()
	for what, tt := range map[string]struct {
		issuer *pkitest.Authority
		sent   []*x509.Certificate
	}{
		"name constraints":  {named, []*x509.Certificate{named.Cert}},
		"no CA":             {end, []*x509.Certificate{end.Cert}},
		"path length":       {noPath.Subordinate(t, "deep"), []*x509.Certificate{noPath.Cert}},
		"another authority": {pkitest.NewAuthority(t, "root"), nil},
	} {
		leaf := tt.issuer.Issue(t, "gw", pkitest.NewKey(t).Public(), gw)
		opt := options(pkitest.Now(), root.Cert, append(tt.sent, tt.issuer.Cert, along)...)
		if paths, err := Verify(leaf, opt); err == nil {
			t.Errorf("%s: path of %d", what, len(paths[0]))
		}
	}
}

// TestEd448EveryBit flips each octet of a certificate: whatever still parses must not verify.
func TestEd448EveryBit(t *testing.T) {
	der := readPEM(t, "ed448-direct")
	opt := foreignOptions(t, "ed448-root", "")
	for i := range der {
		changed := bytes.Clone(der)
		changed[i] ^= 1
		c, err := x509.ParseCertificate(changed)
		if err != nil {
			continue
		}
		if _, err := Verify(c, opt); err == nil {
			t.Fatalf("octet %d of %d may change", i, len(der))
		}
	}
}

// TestEd448Variants: many candidates of one name end the search by its bound, and in time.
func TestEd448Variants(t *testing.T) {
	leaf := foreign(t, "ed448-direct")
	leaf.AuthorityKeyId = nil
	opt := Options{Now: foreignNow()}
	for range 4 * maxSignatures {
		opt.Anchors = append(opt.Anchors, foreign(t, "ed448-other-root"))
	}
	f := &finder{opt: opt}
	f.extend([]*x509.Certificate{leaf})
	if len(f.paths) != 0 || f.signatures != maxSignatures {
		t.Errorf("%d paths, %d signatures", len(f.paths), f.signatures)
	}
	_, err := Verify(leaf, opt)
	wantKind(t, err, Untrusted)
}

// TestEd448Forged: an authority of the right name with another key.
func TestEd448Forged(t *testing.T) {
	leaf := foreign(t, "ed448-direct")
	leaf.AuthorityKeyId = nil
	_, err := Verify(leaf, foreignOptions(t, "ed448-other-root", ""))
	wantKind(t, err, Untrusted, "does not match")
}

func TestEd448Loop(t *testing.T) {
	opt := foreignOptions(t, "ed448-other-root", "ed448-root ed448-sub ed448-root ed448-sub")
	leaf := foreign(t, "ed448-leaf")
	_, err := Verify(leaf, opt)
	wantKind(t, err, Untrusted)
	f := &finder{opt: opt}
	f.extend([]*x509.Certificate{leaf})
	if f.signatures > 10 {
		t.Errorf("%d signatures are checked for five certificates", f.signatures)
	}
}

func TestEd448CRL(t *testing.T) {
	crl, err := x509.ParseRevocationList(readPEM(t, "ed448-root.crl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckCRL(crl, foreign(t, "ed448-root")); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"ed448-other-root", "ed448-sub", "ed25519-root"} {
		if CheckCRL(crl, foreign(t, name)) == nil {
			t.Errorf("signed by %s", name)
		}
	}
	noCRLSign := foreign(t, "ed448-root")
	noCRLSign.KeyUsage = x509.KeyUsageCertSign
	if CheckCRL(crl, noCRLSign) == nil {
		t.Error("the key usage is ignored")
	}
}

func TestCRLOfOtherKeys(t *testing.T) {
	root := pkitest.NewAuthority(t, "root")
	crl := root.CRL(t, 1, pkitest.Now(), pkitest.Now().AddDate(0, 0, 7))
	if err := CheckCRL(crl, root.Cert); err != nil {
		t.Error(err)
	}
	if CheckCRL(crl, pkitest.NewAuthority(t, "root").Cert) == nil {
		t.Error("another key has signed it")
	}
}

func TestKeyName(t *testing.T) {
	for name, want := range map[string]string{"ed448-root": "Ed448", "ed25519-root": "Ed25519"} {
		if got := keyName(foreign(t, name)); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := keyName(pkitest.NewAuthority(t, "root").Cert); got != "ECDSA P-256" {
		t.Errorf("%q", got)
	}
	if got := keyName(&x509.Certificate{}); got != "unknown" {
		t.Errorf("%q", got)
	}
}
