package failures_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"
)

// A pki has what goes right and what goes wrong, as files of PEM: two authorities and an intermediate one, and certificates by name.
type pki struct {
	t      *testing.T
	files  map[string]string
	serial int64
}

// An issuer signs certificates.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newPKI(t *testing.T) *pki {
	t.Helper()
	p := &pki{t: t, files: map[string]string{}}
	ca := p.authority("ca", "Good CA", nil)
	other := p.authority("ca2", "Other CA", nil)
	middle := p.authority("middle", "Middle CA", ca)
	day := 24 * time.Hour
	now := time.Now()
	p.issue("moon", "moon.example.org", ca, now.Add(-day), now.Add(day), 0)
	p.issue("large", "moon.example.org", ca, now.Add(-day), now.Add(day), 120)
	p.issue("foreign", "moon.example.org", other, now.Add(-day), now.Add(day), 0)
	p.issue("sun", "sun.example.org", ca, now.Add(-day), now.Add(day), 0)
	p.issue("untrusted", "sun.example.org", other, now.Add(-day), now.Add(day), 0)
	p.issue("expired", "sun.example.org", ca, now.Add(-2*day), now.Add(-day), 0)
	p.issue("early", "sun.example.org", ca, now.Add(day), now.Add(2*day), 0)
	p.issue("named", "other.example.org", ca, now.Add(-day), now.Add(day), 0)
	p.issue("chained", "sun.example.org", middle, now.Add(-day), now.Add(day), 0)
	revoked := p.issue("revoked", "sun.example.org", ca, now.Add(-day), now.Add(day), 0)
	p.revoke(ca, revoked)
	return p
}

func (p *pki) authority(file, name string, above *issuer) *issuer {
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, NotBefore: time.Now().Add(-72 * time.Hour), NotAfter: time.Now().Add(72 * time.Hour)}
	return p.sign(file, template, above)
}

// issue makes a certificate with a name, and as many more as make it large.
func (p *pki) issue(file, name string, by *issuer, from, to time.Time, more int) *x509.Certificate {
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, KeyUsage: x509.KeyUsageDigitalSignature, NotBefore: from, NotAfter: to}
	for i := range more {
		template.DNSNames = append(template.DNSNames, fmt.Sprintf("name-%d.of.a.large.certificate.example.org", i))
	}
	return p.sign(file, template, by).cert
}

func (p *pki) sign(file string, template *x509.Certificate, by *issuer) *issuer {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	p.serial++
	template.SerialNumber = big.NewInt(p.serial)
	if by == nil {
		by = &issuer{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		p.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		p.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		p.t.Fatal(err)
	}
	p.add(file+".pem", "CERTIFICATE", der)
	if !template.IsCA {
		p.add(file+".key", "PRIVATE KEY", private)
	}
	return &issuer{cert, key}
}

func (p *pki) revoke(by *issuer, c *x509.Certificate) {
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: c.SerialNumber, RevocationTime: time.Now().Add(-time.Hour), ReasonCode: 1}}}
	der, err := x509.CreateRevocationList(rand.Reader, list, by.cert, by.key)
	if err != nil {
		p.t.Fatal(err)
	}
	p.add("ca.crl", "X509 CRL", der)
}

func (p *pki) add(file, kind string, der []byte) {
	p.files[file] = string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
