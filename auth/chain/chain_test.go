package chain

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"culvert/auth/internal/pkitest"
	"culvert/suite"
)

// wantKind fails unless err is an *Error of a kind whose text holds all words.
func wantKind(t *testing.T, err error, kind Kind, words ...string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("error %v, want kind %d", err, kind)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q lacks %q", err, w)
		}
	}
}

func options(now time.Time, anchor *x509.Certificate, intermediates ...*x509.Certificate) Options {
	return Options{Anchors: []*x509.Certificate{anchor}, Intermediates: intermediates, Now: now}
}

func TestVerify(t *testing.T) {
	root := pkitest.NewAuthority(t, "root")
	sub := root.Subordinate(t, "sub")
	leaf := sub.Issue(t, "gw", pkitest.NewKey(t).Public(), func(c *x509.Certificate) { c.NotAfter = pkitest.Now().AddDate(0, 1, 0) })

	paths, err := Verify(leaf, options(pkitest.Now(), root.Cert, sub.Cert))
	if err != nil || len(paths) != 1 || len(paths[0]) != 3 || paths[0][0] != leaf {
		t.Fatalf("paths %v, %v", paths, err)
	}
	if got := NotAfter(paths[0]); !got.Equal(leaf.NotAfter) {
		t.Errorf("ends %v, want %v", got, leaf.NotAfter)
	}
}

func TestNotAfterOfAuthority(t *testing.T) {
	root := pkitest.NewAuthority(t, "root", func(c *x509.Certificate) { c.NotAfter = pkitest.Now().AddDate(0, 0, 3) })
	leaf := root.Issue(t, "gw", pkitest.NewKey(t).Public())
	if got := NotAfter([]*x509.Certificate{leaf, root.Cert}); !got.Equal(root.Cert.NotAfter) {
		t.Errorf("ends %v", got)
	}
}

func TestUntrusted(t *testing.T) {
	root := pkitest.NewAuthority(t, "root")
	other := pkitest.NewAuthority(t, "other")
	sub := other.Subordinate(t, "sub")
	leaf := sub.Issue(t, "gw", pkitest.NewKey(t).Public())

	_, err := Verify(leaf, options(pkitest.Now(), root.Cert))
	wantKind(t, err, Untrusted, `"CN=gw" was issued by "CN=sub"`)
	_, err = Verify(leaf, options(pkitest.Now(), root.Cert, sub.Cert))
	wantKind(t, err, Untrusted, `"CN=sub" was issued by "CN=other"`)
	_, err = Verify(leaf, options(pkitest.Now(), root.Cert, sub.Cert, other.Cert))
	wantKind(t, err, Untrusted, `"CN=other" was issued by "CN=other"`)
	_, err = Verify(leaf, Options{Now: pkitest.Now()})
	wantKind(t, err, Untrusted, "CN=sub")
}

// TestForgedIssuer: an authority of the right name with another key.
func TestForgedIssuer(t *testing.T) {
	root := pkitest.NewAuthority(t, "root")
	leaf := pkitest.NewAuthority(t, "root").Issue(t, "gw", pkitest.NewKey(t).Public())
	_, err := Verify(leaf, options(pkitest.Now(), root.Cert))
	wantKind(t, err, Untrusted)
}

func TestValidity(t *testing.T) {
	short := func(c *x509.Certificate) { c.NotAfter = pkitest.Now().AddDate(0, 0, 1) }
	root := pkitest.NewAuthority(t, "root")
	sub := root.Subordinate(t, "sub", short)
	leaf := root.Issue(t, "gw", pkitest.NewKey(t).Public())
	below := sub.Issue(t, "below", pkitest.NewKey(t).Public())

	_, err := Verify(leaf, options(leaf.NotAfter.Add(time.Second), root.Cert))
	wantKind(t, err, Expired, `"CN=gw" expired on 2027-06-01T12:00:00Z`)
	_, err = Verify(leaf, options(leaf.NotBefore.Add(-time.Second), root.Cert))
	wantKind(t, err, NotYetValid, `"CN=gw" is not valid before 2025-06-01T12:00:00Z`)
	_, err = Verify(below, options(sub.Cert.NotAfter.Add(time.Second), root.Cert, sub.Cert))
	wantKind(t, err, Expired, `"CN=sub" expired`)
	for _, now := range []time.Time{leaf.NotBefore, leaf.NotAfter} {
		if _, err := Verify(leaf, options(now, root.Cert)); err != nil {
			t.Errorf("at %v: %v", now, err)
		}
	}
}

func TestConstraints(t *testing.T) {
	root := pkitest.NewAuthority(t, "root")
	dns := func(name string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.DNSNames = []string{name} }
	}
	named := root.Subordinate(t, "named", func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"example.org"}
	})
	noPath := root.Subordinate(t, "nopath", func(c *x509.Certificate) { c.MaxPathLenZero = true })
	deep := noPath.Subordinate(t, "deep")
	end := &pkitest.Authority{Key: pkitest.NewKey(t)}
	end.Cert = root.Issue(t, "end", end.Key.Public())
	pub := pkitest.NewKey(t).Public()

	if _, err := Verify(named.Issue(t, "ok", pub, dns("gw.example.org")), options(pkitest.Now(), root.Cert, named.Cert)); err != nil {
		t.Errorf("permitted name: %v", err)
	}
	_, err := Verify(named.Issue(t, "bad", pub, dns("gw.example.com")), options(pkitest.Now(), root.Cert, named.Cert))
	wantKind(t, err, Constraint, "gw.example.com")
	_, err = Verify(deep.Issue(t, "gw", pub), options(pkitest.Now(), root.Cert, noPath.Cert, deep.Cert))
	wantKind(t, err, Constraint, `"CN=nopath"`)
	_, err = Verify(end.Issue(t, "gw", pub), options(pkitest.Now(), root.Cert, end.Cert))
	wantKind(t, err, Untrusted)
}

func TestUnknownCriticalExtension(t *testing.T) {
	root := pkitest.NewAuthority(t, "root")
	leaf := root.Issue(t, "gw", pkitest.NewKey(t).Public(), critical)
	_, err := Verify(leaf, options(pkitest.Now(), root.Cert))
	wantKind(t, err, Constraint, "critical extension")
}

// TestKeys holds the keys that a certificate must not have (RFC 8247, Section 3.1.1): a peer who chooses modulus and
// exponent needs no signature to pass a careless check.
func TestKeys(t *testing.T) {
	root := pkitest.NewAuthority(t, "root")
	key := func(bits uint, exponent int) *rsa.PublicKey {
		n := new(big.Int).Lsh(big.NewInt(3), bits-2)
		return &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: exponent}
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for what, tt := range map[string]struct {
		pub crypto.PublicKey
		ok  bool
	}{
		"RSA 2048":        {key(2048, 65537), true},
		"RSA 8192":        {key(8192, 65537), true},
		"exponent 1":      {key(2048, 1), false},
		"exponent 3":      {key(2048, 3), false},
		"exponent 65536":  {key(2048, 65536), false},
		"RSA 512":         {key(512, 65537), false},
		"RSA 1024":        {key(1024, 65537), false},
		"RSA 65536":       {key(65536, 65537), false},
		"an unused curve": {p224.Public(), false},
	} {
		t.Run(what, func(t *testing.T) {
			leaf := root.Issue(t, "gw", tt.pub)
			_, err := Verify(leaf, options(pkitest.Now(), root.Cert))
			if tt.ok {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantKind(t, err, BadKey, `"CN=gw" has an unacceptable key`, keyName(leaf))
		})
	}
	small := root.Issue(t, "gw", key(1024, 65537))
	opt := options(pkitest.Now(), root.Cert)
	opt.Keys = suite.SignaturePolicy{MinRSABits: 1024}
	if _, err := Verify(small, opt); err != nil {
		t.Errorf("1024 bits, configured: %v", err)
	}
}

// TestWeakIntermediate: an intermediate with a bad key is not used, and is named if nothing else leads to an anchor.
func TestWeakIntermediate(t *testing.T) {
	root := pkitest.NewAuthority(t, "root")
	weakKey, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weak := root.Issue(t, "weak", weakKey.Public(), func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	})
	below := (&pkitest.Authority{Cert: weak, Key: weakKey}).Issue(t, "gw", pkitest.NewKey(t).Public())
	_, err = Verify(below, options(pkitest.Now(), root.Cert, weak))
	wantKind(t, err, BadKey, `"CN=weak"`, "RSA 1024, exponent 65537")

	direct := root.Issue(t, "gw", pkitest.NewKey(t).Public())
	if _, err := Verify(direct, options(pkitest.Now(), root.Cert, weak)); err != nil {
		t.Errorf("a useless intermediate spoils the path: %v", err)
	}
}

// TestManyVariants: certificates of the same name and key do not multiply the paths beyond a bound.
func TestManyVariants(t *testing.T) {
	root := pkitest.NewAuthority(t, "root")
	sub := root.Subordinate(t, "sub")
	var variants []*x509.Certificate
	for range 32 {
		variants = append(variants, root.Issue(t, "sub", sub.Key.Public(), func(c *x509.Certificate) {
			c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
		}))
	}
	leaf := sub.Issue(t, "gw", pkitest.NewKey(t).Public())
	paths, err := Verify(leaf, options(pkitest.Now(), root.Cert, variants...))
	if err != nil || len(paths) > MaxPaths {
		t.Errorf("%d paths, %v", len(paths), err)
	}
}

func TestName(t *testing.T) {
	root := pkitest.NewAuthority(t, "root")
	nameless := root.Issue(t, "", pkitest.NewKey(t).Public())
	if got := Name(nameless); got != "serial number 65" {
		t.Errorf("got %q", got)
	}
	if got := Name(root.Cert); got != "CN=root" {
		t.Errorf("got %q", got)
	}
}
