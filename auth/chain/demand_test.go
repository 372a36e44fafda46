package chain

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"slices"
	"strings"
	"testing"

	"github.com/cloudflare/circl/sign/ed448"

	"culvert/auth/internal/pkitest"
	"culvert/suite"
)

func demands(t *testing.T, words string, signatures ...suite.Scheme) Demands {
	t.Helper()
	d := Demands{Signatures: signatures}
	for w := range strings.FieldsSeq(words) {
		k, err := ParseKeyDemand(w)
		if err != nil || k.String() != w {
			t.Fatalf("%s is %v (%v)", w, k, err)
		}
		d.Keys = append(d.Keys, k)
	}
	return d
}

func TestKeysThatAreDemanded(t *testing.T) {
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pub25519, _, _ := ed25519.GenerateKey(rand.Reader)
	pub448, _, _ := ed448.GenerateKey(rand.Reader)
	for name, tt := range map[string]struct {
		key     crypto.PublicKey
		good    []string
		refused []string
	}{
		"RSA":     {rsa2048.Public(), []string{"", "rsa", "rsa-2048", "ecdsa-384 rsa-1024", "rsa-4096 rsa-2048"}, []string{"rsa-2049", "ecdsa", "ed25519 ed448"}},
		"PSS":     {&suite.PSSPublicKey{RSA: &rsa2048.PublicKey}, []string{"rsa-2048"}, []string{"rsa-3072"}},
		"ECDSA":   {p384.Public(), []string{"ecdsa", "ecdsa-384", "rsa-2048 ecdsa-256"}, []string{"ecdsa-521", "rsa"}},
		"Ed25519": {pub25519, []string{"ed25519"}, []string{"ed448", "ecdsa-256"}},
		"Ed448":   {pub448, []string{"ed448"}, []string{"ed25519"}},
		"ML-DSA":  {pkitest.NewMLDSAKey(t).PublicKey(), []string{"mldsa65"}, []string{"mldsa44", "mldsa87"}},
		"none":    {nil, []string{""}, []string{"rsa ecdsa ed25519 ed448 mldsa44 mldsa65 mldsa87"}},
	} {
		for _, words := range append(tt.good, tt.refused...) {
			if got, want := demands(t, words).CheckKey(tt.key) == nil, slices.Contains(tt.good, words); got != want {
				t.Errorf("%s with %q: %v", name, words, got)
			}
		}
	}
	for _, wrong := range []string{"", "rsa-", "rsa-0", "rsa-x", "rsa-20000", "dsa", "ed25519-256", "rsa-2048-", "RSA"} {
		if d, err := ParseKeyDemand(wrong); err == nil {
			t.Errorf("%q is %v", wrong, d)
		}
	}
}

// Every certificate of the path counts, the anchor's key included, and the error names the one that is at fault.
func TestDemandsOnAPath(t *testing.T) {
	root := pkitest.NewAuthority(t, "root")
	middle := root.Subordinate(t, "middle")
	strong, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := middle.Issue(t, "leaf", strong.Public())
	path := []*x509.Certificate{leaf, middle.Cert, root.Cert}
	for name, tt := range map[string]struct {
		demands Demands
		path    []*x509.Certificate
		fault   []string
	}{
		"nothing":                     {Demands{}, path, nil},
		"met":                         {demands(t, "ecdsa-256", suite.SchemeECDSASHA256), path, nil},
		"a CA is too weak":            {demands(t, "ecdsa-384"), path, []string{`"CN=middle"`, "ECDSA P-256", "demanded is ecdsa-384"}},
		"the anchor is too weak":      {demands(t, "ecdsa-384"), []*x509.Certificate{leaf, root.Cert}, []string{`"CN=root"`}},
		"another kind":                {demands(t, "rsa-2048 ed25519"), path, []string{`"CN=leaf"`, "rsa-2048 or ed25519"}},
		"another signature":           {demands(t, "", suite.SchemeECDSASHA384, suite.SchemeRSASHA384), path, []string{`"CN=leaf"`, "ECDSA_SHA2_256", "ECDSA_SHA2_384 or RSA_PKCS1_SHA2_384"}},
		"the anchor's does not count": {demands(t, "", suite.SchemeECDSASHA384), path[2:], nil},
	} {
		err := tt.demands.Check(tt.path)
		if tt.fault == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if tt.fault != nil {
			wantKind(t, err, Strength, tt.fault...)
		}
	}
}

// A path that meets the demands is found beside one that does not.
func TestDemandsChooseThePath(t *testing.T) {
	weak := pkitest.NewAuthority(t, "root")
	leaf := weak.Issue(t, "leaf", pkitest.NewKey(t).Public())
	opt := Options{Anchors: []*x509.Certificate{weak.Cert}, Now: pkitest.Now(), Demands: demands(t, "ecdsa-384")}
	_, err := Verify(leaf, opt)
	wantKind(t, err, Strength, `"CN=leaf"`)
	opt.Demands = demands(t, "ecdsa-256")
	if paths, err := Verify(leaf, opt); err != nil || len(paths) != 1 {
		t.Errorf("%d paths, %v", len(paths), err)
	}
}

func TestEveryPolicy(t *testing.T) {
	root := pkitest.NewAuthority(t, "root")
	with := func(oids ...string) *x509.Certificate {
		return root.Issue(t, "leaf", pkitest.NewKey(t).Public(), func(c *x509.Certificate) {
			for _, o := range oids {
				c.Policies = append(c.Policies, oid(t, o))
			}
		})
	}
	opt := Options{Anchors: []*x509.Certificate{root.Cert}, Now: pkitest.Now(), Policies: []string{"1.2.3", "1.2.4"}}
	if _, err := Verify(with("1.2.3"), opt); err != nil {
		t.Errorf("one of two: %v", err)
	}
	opt.EveryPolicy = true
	_, err := Verify(with("1.2.3"), opt)
	wantKind(t, err, Policy, "1.2.4")
	if _, err := Verify(with("1.2.4", "1.2.3"), opt); err != nil {
		t.Errorf("both: %v", err)
	}
}
