package chain

import (
	"bytes"
	"crypto/x509"
	"testing"

	"filippo.io/mldsa"

	"culvert/auth/internal/pkitest"
)

// mldsaFamily is a root with an ML-DSA key, an intermediate and a leaf; ca and end say whether theirs are ML-DSA as well.
func mldsaFamily(t *testing.T, ca, end bool) (leaf, sub, root *x509.Certificate, rootKey *mldsa.PrivateKey) {
	t.Helper()
	classic := pkitest.NewAuthority(t, "root")
	rootKey = pkitest.NewMLDSAKey(t)
	root = pkitest.ResignCert(t, pkitest.WithKey(t, classic.Cert, rootKey.Public()), rootKey)

	below := classic.Subordinate(t, "sub")
	subKey := pkitest.NewMLDSAKey(t)
	sub = below.Cert
	if ca {
		sub = pkitest.WithKey(t, sub, subKey.Public())
	}
	sub = pkitest.ResignCert(t, sub, rootKey)

	leaf = below.Issue(t, "gw", pkitest.NewKey(t).Public(), func(c *x509.Certificate) { c.DNSNames = []string{"gw.example.org"} })
	if end {
		leaf = pkitest.WithKey(t, leaf, pkitest.NewMLDSAKey(t).Public())
	}
	if ca {
		leaf = pkitest.ResignCert(t, leaf, subKey)
	} else if end {
		t.Fatal("a changed key needs a new signature")
	}
	return leaf, sub, root, rootKey
}

// TestMLDSA: paths with ML-DSA keys (RFC 9881), whole and mixed with others.
func TestMLDSA(t *testing.T) {
	for _, tt := range []struct {
		name    string
		ca, end bool
	}{{"all", true, true}, {"an ECDSA leaf below ML-DSA", true, false}, {"an ML-DSA root alone", false, false}} {
		t.Run(tt.name, func(t *testing.T) {
			leaf, sub, root, _ := mldsaFamily(t, tt.ca, tt.end)
			paths, err := Verify(leaf, options(pkitest.Now(), root, sub))
			if err != nil || len(paths[0]) != 3 {
				t.Fatal(err)
			}
			_, _, other, _ := mldsaFamily(t, tt.ca, tt.end)
			other.SubjectKeyId, leaf.AuthorityKeyId, sub.AuthorityKeyId = nil, nil, nil
			_, err = Verify(leaf, options(pkitest.Now(), other, sub))
			wantKind(t, err, Untrusted, "does not match")
		})
	}
}

// TestMLDSAConstraints: name constraints and key usage count where ML-DSA signs, too.
func TestMLDSAConstraints(t *testing.T) {
	leaf, sub, root, _ := mldsaFamily(t, true, true)
	var template x509.Certificate
	constrain(nil, []generalName{name(formDNS, "example.org")})(&template)
	sub.Extensions = append(sub.Extensions, template.ExtraExtensions...)
	_, err := Verify(leaf, options(pkitest.Now(), root, sub))
	wantKind(t, err, Constraint, "gw.example.org")
	sub.Extensions = nil
	sub.KeyUsage = x509.KeyUsageDigitalSignature
	_, err = Verify(leaf, options(pkitest.Now(), root, sub))
	wantKind(t, err, Untrusted, "key usage")
}

// TestMLDSAEveryOctet: whatever still parses when an octet is changed does not verify.
func TestMLDSAEveryOctet(t *testing.T) {
	leaf, sub, root, _ := mldsaFamily(t, true, true)
	opt := options(pkitest.Now(), root, sub)
	for i := 0; i < len(leaf.Raw); i += 7 {
		changed := bytes.Clone(leaf.Raw)
		changed[i] ^= 1
		if c, err := x509.ParseCertificate(changed); err == nil {
			if _, err := Verify(c, opt); err == nil {
				t.Fatalf("octet %d of %d may change", i, len(changed))
			}
		}
	}
}

// TestMLDSACRL: a list that an ML-DSA key has signed.
func TestMLDSACRL(t *testing.T) {
	_, _, root, key := mldsaFamily(t, false, false)
	list := pkitest.NewAuthority(t, "root").CRL(t, 1, pkitest.Now(), pkitest.Now().AddDate(0, 0, 7))
	if CheckCRL(list, root) == nil {
		t.Error("signed by another key")
	}
	signed, err := x509.ParseRevocationList(pkitest.Resign(t, list.Raw, key))
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckCRL(signed, root); err != nil {
		t.Error(err)
	}
}
