// Package pkitest makes certification authorities, certificates and revocation lists for tests.
package pkitest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync/atomic"
	"testing"
	"time"
)

// Now is the time at which everything is valid that is not made otherwise.
func Now() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }

// An Authority issues certificates.
type Authority struct {
	Cert   *x509.Certificate
	Key    crypto.Signer
	serial atomic.Int64
}

// NewKey returns a fresh ECDSA P-256 key.
func NewKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// NewAuthority returns a self-signed CA. The changes are made to its certificate before it is signed.
func NewAuthority(t testing.TB, name string, changes ...func(*x509.Certificate)) *Authority {
	t.Helper()
	key := NewKey(t)
	template := template(name, 1, append([]func(*x509.Certificate){asCA}, changes...))
	return &Authority{Cert: sign(t, template, template, key.Public(), key), Key: key}
}

// Subordinate returns a CA below this one.
func (a *Authority) Subordinate(t testing.TB, name string, changes ...func(*x509.Certificate)) *Authority {
	t.Helper()
	key := NewKey(t)
	cert := a.Issue(t, name, key.Public(), append([]func(*x509.Certificate){asCA}, changes...)...)
	return &Authority{Cert: cert, Key: key}
}

// Issue returns a certificate for a key, with the common name as its only name.
func (a *Authority) Issue(t testing.TB, name string, pub crypto.PublicKey, changes ...func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	return sign(t, template(name, 100+a.serial.Add(1), changes), a.Cert, pub, a.Key)
}

// CRL returns a revocation list that names some certificates.
func (a *Authority) CRL(t testing.TB, number int64, thisUpdate, nextUpdate time.Time, revoked ...*x509.Certificate) *x509.RevocationList {
	t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(number), ThisUpdate: thisUpdate, NextUpdate: nextUpdate}
	for _, c := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: thisUpdate, ReasonCode: 1})
	}
	return Reparse(t, list, a)
}

// Reparse signs a revocation list and reads it.
func Reparse(t testing.TB, list *x509.RevocationList, a *Authority) *x509.RevocationList {
	t.Helper()
	der, err := x509.CreateRevocationList(rand.Reader, list, a.Cert, a.Key)
	if err != nil {
		t.Fatal(err)
	}
	crl, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	return crl
}

func asCA(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid = true, true
	c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
}

func template(name string, serial int64, changes []func(*x509.Certificate)) *x509.Certificate {
	c := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    Now().AddDate(-1, 0, 0),
		NotAfter:     Now().AddDate(1, 0, 0),
	}
	for _, change := range changes {
		change(c)
	}
	return c
}

func sign(t testing.TB, template, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, pub, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
