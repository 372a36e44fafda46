// Package tlslab is what the tests of the TLS-based methods share: an authority with certificates, a verifier, and the two
// sides of a method talking to each other.
package tlslab

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"culvert/eap"
)

// Now is when everything happens.
func Now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// An Authority issues certificates.
type Authority struct {
	tb   testing.TB
	key  crypto.Signer
	Cert *x509.Certificate
}

// NewAuthority makes an authority of a name.
func NewAuthority(tb testing.TB, name string) *Authority {
	tb.Helper()
	a := &Authority{tb: tb}
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a.Cert, a.key = a.issue(template)
	return a
}

// TB returns the test that the authority is of.
func (a *Authority) TB() testing.TB { return a.tb }

// issue signs a template, by itself if there is no certificate of the authority yet.
func (a *Authority) issue(template *x509.Certificate) (*x509.Certificate, crypto.Signer) {
	a.tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.tb.Fatal(err)
	}
	parent, signer := a.Cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	template.SerialNumber = big.NewInt(1)
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = Now().Add(-time.Hour), Now().Add(time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.tb.Fatal(err)
	}
	return cert, key
}

// Issue makes a certificate with its key and chain.
func (a *Authority) Issue(template x509.Certificate) *tls.Certificate {
	a.tb.Helper()
	cert, key := a.issue(&template)
	return &tls.Certificate{Certificate: [][]byte{cert.Raw, a.Cert.Raw}, PrivateKey: key, Leaf: cert}
}

// Server makes the certificate of a server of a name.
func (a *Authority) Server(name string) *tls.Certificate {
	a.tb.Helper()
	return a.Issue(x509.Certificate{DNSNames: []string{name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
}

// Client makes the certificate of a client with a mail address.
func (a *Authority) Client(mail string) *tls.Certificate {
	a.tb.Helper()
	return a.Issue(x509.Certificate{EmailAddresses: []string{mail}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
}

// A Verifier trusts the certificates of an authority, for a name if it has one.
type Verifier struct {
	Authority *Authority
	Name      string
}

// Verify is that of carrier.Verifier.
func (v Verifier) Verify(_ context.Context, sent []*x509.Certificate, _ []byte, now time.Time) error {
	roots := x509.NewCertPool()
	roots.AddCert(v.Authority.Cert)
	usage := x509.ExtKeyUsageServerAuth
	if v.Name == "" {
		usage = x509.ExtKeyUsageClientAuth
	}
	_, err := sent[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: v.Name, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}})
	return err
}

// Talk lets the exchanges of a client and a server talk until both have ended or one is waited for in vain, and returns their
// last steps. Each packet may be looked at, and changed, on its way.
func Talk(tb testing.TB, client, server eap.Exchange, look func(fromServer bool, data []byte) []byte) (c, s eap.Step) {
	tb.Helper()
	tb.Cleanup(client.Close)
	tb.Cleanup(server.Close)
	ctx := tb.Context()
	s = server.Step(ctx, eap.Input{})
	for range 1000 {
		if s.State != eap.Continuing {
			return c, s
		}
		data := look(true, s.Data)
		c = client.Step(ctx, input(eap.CodeRequest, data))
		if c.Data == nil {
			return c, s
		}
		s = server.Step(ctx, input(eap.CodeResponse, look(false, c.Data)))
	}
	tb.Fatal("the conversation does not end")
	return c, s
}

func input(code eap.Code, data []byte) eap.Input {
	return eap.Input{Packet: &eap.Packet{Code: code, Data: data}}
}

// Unchanged lets packets pass.
func Unchanged(_ bool, data []byte) []byte { return data }
