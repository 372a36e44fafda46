package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func create(t *testing.T, o Options) *Authority {
	t.Helper()
	if o.Name == "" {
		o.Name = "Example VPN CA"
	}
	a, err := Create(filepath.Join(t.TempDir(), "pki"), o, day)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func issue(t *testing.T, a *Authority, r Request) Issued {
	t.Helper()
	got, err := a.Issue(r, day)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// verify checks a path as a peer does.
func verify(t *testing.T, a *Authority, c *x509.Certificate, usage x509.ExtKeyUsage) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(a.Certificate)
	if _, err := c.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: day, KeyUsages: []x509.ExtKeyUsage{usage}}); err != nil {
		t.Error(err)
	}
}

func TestGatewayCertificateIsOneThatNativeClientsTake(t *testing.T) {
	a := create(t, Options{CRLURL: "http://pki.example.org/crl", OCSPURL: "http://ocsp.example.org"})
	got := issue(t, a, Request{Name: "vpn.example.org", Kind: Gateway, AltNames: []string{"192.0.2.1", "2001:db8::1"}})
	c := got.Certificate
	verify(t, a, c, x509.ExtKeyUsageServerAuth)
	if want := []string{"192.0.2.1", "2001:db8::1", "vpn.example.org"}; !slices.Equal(c.DNSNames, want) || len(c.IPAddresses) != 2 {
		t.Errorf("names %q %v, want %q", c.DNSNames, c.IPAddresses, want)
	}
	if c.NotAfter.Sub(day) > 398*24*time.Hour || !c.NotBefore.Before(day) {
		t.Errorf("valid from %v to %v", c.NotBefore, c.NotAfter)
	}
	if !slices.Equal(c.CRLDistributionPoints, []string{"http://pki.example.org/crl"}) || !slices.Equal(c.OCSPServer, []string{"http://ocsp.example.org"}) {
		t.Errorf("places to ask: %v %v", c.CRLDistributionPoints, c.OCSPServer)
	}
	if len(c.UnknownExtKeyUsage) != 1 || c.IsCA {
		t.Errorf("extended key usage %v, CA %v", c.UnknownExtKeyUsage, c.IsCA)
	}
}

func TestClientCertificateOfEveryAlgorithm(t *testing.T) {
	for _, algorithm := range Algorithms() {
		a := create(t, Options{Algorithm: algorithm})
		got := issue(t, a, Request{Name: "carol@example.org", Kind: Client, Algorithm: algorithm})
		verify(t, a, got.Certificate, x509.ExtKeyUsageClientAuth)
		if !slices.Equal(got.Certificate.EmailAddresses, []string{"carol@example.org"}) {
			t.Errorf("%s: %q", algorithm, got.Certificate.EmailAddresses)
		}
		if algorithmOf(got.Certificate.PublicKey) != algorithm {
			t.Errorf("%s: the key is %T", algorithm, got.Certificate.PublicKey)
		}
		key, err := a.KeyOf(got.Record)
		if err != nil {
			t.Fatal(err)
		}
		checkSameKey(t, got, key.Public())
	}
}

func checkSameKey(t *testing.T, got Issued, public any) {
	t.Helper()
	x, err1 := x509.MarshalPKIXPublicKey(public)
	y, err2 := x509.MarshalPKIXPublicKey(got.Certificate.PublicKey)
	if err1 != nil || err2 != nil || string(x) != string(y) {
		t.Errorf("%s: the stored key is another one (%v, %v)", got.Name, err1, err2)
	}
}

func TestNamesThatNobodyCouldCheckAreRefused(t *testing.T) {
	a := create(t, Options{})
	for _, name := range []string{"", "the office", "-a.example.org", "a..b", strings.Repeat("a", 64) + ".org", "a/b"} {
		if got, err := a.Issue(Request{Name: name, Kind: Client}, day); err == nil {
			t.Errorf("%q got %v", name, got.Record)
		}
	}
	if _, err := a.Issue(Request{Name: "a", Kind: "server"}, day); err == nil {
		t.Error("an unknown kind is issued")
	}
	if _, err := a.Issue(Request{Name: "a", Kind: Client, Algorithm: "dsa"}, day); err == nil || !strings.Contains(err.Error(), "ecdsa-p256") {
		t.Errorf("an unknown algorithm: %v", err)
	}
	if n := len(a.Records()); n != 0 {
		t.Errorf("%d records of refused requests", n)
	}
}

func TestAuthorityOutlivesItsProcess(t *testing.T) {
	a := create(t, Options{})
	got := issue(t, a, Request{Name: "carol", Kind: Client})
	if _, err := Open(a.dir); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("two at a time: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := Open(a.dir)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := b.Current("carol", day); err != nil || r != got.Record {
		t.Errorf("%+v, %v; want %+v", r, err, got.Record)
	}
	if c, err := b.CertificateOf(got.Record); err != nil || !c.Equal(got.Certificate) {
		t.Errorf("certificate: %v", err)
	}
	if _, err := Create(a.dir, Options{Name: "again"}, day); err == nil {
		t.Error("an authority is overwritten")
	}
	b.Close()
	if _, err := Create(a.dir, Options{Name: "again"}, day); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("an authority that nobody uses is overwritten: %v", err)
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "pki init") {
		t.Errorf("an empty folder: %v", err)
	}
	for _, name := range []string{caKeyFile, filepath.Join(keysDir, got.Serial+".key")} {
		if info, err := os.Stat(filepath.Join(a.dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestDamagedFoldersAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		indexFile: `{"issued": [{"serial": "-1"}]}`, caFile: "nothing", caKeyFile: "nothing",
	} {
		a := create(t, Options{})
		if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		a.Close()
		if _, err := Open(a.dir); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRenew(t *testing.T) {
	a := create(t, Options{})
	old := issue(t, a, Request{Name: "vpn.example.org", Kind: Gateway, AltNames: []string{"192.0.2.1"}, Algorithm: RSA2048})
	later := day.Add(300 * 24 * time.Hour)
	got, err := a.Renew("vpn.example.org", 0, later)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Certificate.DNSNames, old.Certificate.DNSNames) || got.Kind != Gateway || algorithmOf(got.Certificate.PublicKey) != RSA2048 {
		t.Errorf("renewed with %q as %s", got.Certificate.DNSNames, got.Kind)
	}
	if got.Serial == old.Serial || got.Expires.Sub(later) < 396*24*time.Hour {
		t.Errorf("serial %s, until %v", got.Serial, got.Expires)
	}
	if r, err := a.Current("vpn.example.org", later); err != nil || r.Serial != got.Serial {
		t.Errorf("current is %v, %v", r, err)
	}
	if _, err := a.Renew("nobody", 0, later); err == nil {
		t.Error("what was never issued is renewed")
	}
}

func TestNothingOutlivesTheAuthority(t *testing.T) {
	a := create(t, Options{Validity: 24 * time.Hour})
	got := issue(t, a, Request{Name: "carol", Kind: Client})
	if !got.Expires.Equal(a.Certificate.NotAfter) {
		t.Errorf("expires %v, the authority %v", got.Expires, a.Certificate.NotAfter)
	}
}

func TestRevocationList(t *testing.T) {
	a := create(t, Options{})
	carol, dave := issue(t, a, Request{Name: "carol", Kind: Client}), issue(t, a, Request{Name: "dave", Kind: Client})
	if _, err := a.Revoke("carol", "boredom", day); err == nil {
		t.Error("an unknown reason is taken")
	}
	if _, err := a.Revoke("erin", KeyCompromise, day); err == nil {
		t.Error("what was never issued is revoked")
	}
	revoked, err := a.Revoke("carol", KeyCompromise, day)
	if err != nil || len(revoked) != 1 || revoked[0].Serial != carol.Serial {
		t.Fatalf("revoked %v, %v", revoked, err)
	}
	for number := int64(1); number <= 2; number++ {
		der, err := a.RevocationList(7*24*time.Hour, day)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(a.File(crlFile))
		if block, _ := pem.Decode(text); err != nil || block == nil || !bytes.Equal(block.Bytes, der) {
			t.Errorf("crl.pem holds %q, %v", text, err)
		}
		list, err := x509.ParseRevocationList(der)
		if err != nil || list.CheckSignatureFrom(a.Certificate) != nil || list.Number.Int64() != number {
			t.Fatalf("list %v, %v", list, err)
		}
		entries := list.RevokedCertificateEntries
		if len(entries) != 1 || entries[0].SerialNumber.Cmp(carol.Certificate.SerialNumber) != 0 || entries[0].ReasonCode != 1 {
			t.Errorf("entries %v", entries)
		}
	}
	if _, err := a.Revoke(dave.Serial, Superseded, day); err != nil {
		t.Errorf("by serial number: %v", err)
	}
	if _, err := a.Current("carol", day); err == nil || !strings.Contains(err.Error(), "no valid certificate") {
		t.Errorf("a revoked certificate is current: %v", err)
	}
}

func TestCertificationRequest(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "somebody else"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ParseRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	a := create(t, Options{})
	got := issue(t, a, Request{Name: "laptop.example.org", Kind: Client, Public: public})
	if got.Key != nil || got.HasKey || !key.PublicKey.Equal(got.Certificate.PublicKey) || len(a.Files(got.Record)) != 1 {
		t.Errorf("issued %+v", got.Record)
	}
	if _, err := a.KeyOf(got.Record); err == nil {
		t.Error("a key that is elsewhere is here")
	}
	renewed, err := a.Renew("laptop.example.org", 0, day)
	if err != nil || !key.PublicKey.Equal(renewed.Certificate.PublicKey) {
		t.Errorf("renewed for another key, %v", err)
	}
	der[len(der)-1] ^= 1
	if _, err := ParseRequest(der); err == nil {
		t.Error("a request with a wrong signature is taken")
	}
}
