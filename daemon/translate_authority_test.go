package daemon

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"testing"
	"time"

	"culvert/config"
	"culvert/pki"
)

// Our certificate is under its hash in the folder of the authority that has issued it, unless its place is configured.
func TestCertificatesAreWhereTheirAuthoritySays(t *testing.T) {
	ca, other := newCA(t, "one", ""), newCA(t, "two", "")
	issued, err := ca.Issue(pki.Request{Name: "gw.example.org", Kind: pki.Gateway}, time.Now())
	must(t, err)
	file := func(c *x509.Certificate) []config.CertificateFile {
		return []config.CertificateFile{{Certificates: []*x509.Certificate{c}}}
	}
	hash := sha1.Sum(issued.Certificate.Raw)
	authority := &config.Authority{CA: file(ca.Certificate), CRLs: []string{"http://crl"}, CertURIBase: "http://certs.example.org/x/"}
	tr := &translator{config: &config.Config{Authorities: []*config.Authority{{CA: file(other.Certificate), CertURIBase: "http://wrong/"}, authority}}}
	local := &config.Credential{Certificates: file(issued.Certificate)}
	if got := tr.certificateURLs(local); len(got) != 1 || got[0] != "http://certs.example.org/x/"+hex.EncodeToString(hash[:]) {
		t.Errorf("got %q", got)
	}
	local.CertificateURLs = []string{"http://mine"}
	if got := tr.certificateURLs(local); len(got) != 1 || got[0] != "http://mine" {
		t.Errorf("got %q", got)
	}
	if got := tr.places(); len(got) != 1 || !got[0].Issuer.Equal(ca.Certificate) || got[0].CRL[0] != "http://crl" {
		t.Errorf("places %+v", got)
	}
}
