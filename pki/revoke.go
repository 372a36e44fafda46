package pki

import (
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"time"
)

// Reason is why a certificate is revoked (RFC 5280, Section 5.3.1).
type Reason string

// The reasons.
const (
	Unspecified          Reason = "unspecified"
	KeyCompromise        Reason = "key-compromise"
	AffiliationChanged   Reason = "affiliation-changed"
	Superseded           Reason = "superseded"
	CessationOfOperation Reason = "cessation-of-operation"
)

// code is the number of a reason in a revocation list.
func (r Reason) code() (int, error) {
	codes := map[Reason]int{"": 0, Unspecified: 0, KeyCompromise: 1, AffiliationChanged: 3, Superseded: 4, CessationOfOperation: 5}
	code, ok := codes[r]
	if !ok {
		return 0, fmt.Errorf("there is no reason %q; there are unspecified, key-compromise, affiliation-changed, superseded and cessation-of-operation", r)
	}
	return code, nil
}

// Revoke revokes every valid certificate of a name, or the one with this serial number, and returns what it revoked. Peers know
// when they have the next revocation list.
func (a *Authority) Revoke(name string, reason Reason, now time.Time) ([]Record, error) {
	if _, err := reason.code(); err != nil {
		return nil, err
	}
	var revoked []Record
	for i := range a.index.Issued {
		r := &a.index.Issued[i]
		if (r.Name == name || r.Serial == name) && r.Valid(now) {
			r.Revoked, r.Reason = now.UTC().Truncate(time.Second), reason
			revoked = append(revoked, *r)
		}
	}
	if revoked == nil {
		_, err := a.Current(name, now)
		return nil, err
	}
	return revoked, a.saveIndex()
}

// RevocationList makes a revocation list that is valid for a time, writes it to crl.pem and returns it in DER, the form in which it
// is to be published (RFC 5280, Section 4.2.1.13).
func (a *Authority) RevocationList(validity time.Duration, now time.Time) ([]byte, error) {
	a.index.CRLNumber++
	list := &x509.RevocationList{Number: new(big.Int).SetUint64(a.index.CRLNumber), ThisUpdate: now.Add(-backdate), NextUpdate: now.Add(validity)}
	for _, r := range a.index.Issued {
		if r.Revoked.IsZero() {
			continue
		}
		serial, err := r.number()
		if err != nil {
			return nil, err
		}
		code, err := r.Reason.code()
		if err != nil {
			return nil, err
		}
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: serial, RevocationTime: r.Revoked, ReasonCode: code})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.Certificate, a.key)
	if err != nil {
		return nil, err
	}
	if err := a.saveIndex(); err != nil { // the number first: it must not come twice
		return nil, err
	}
	return der, a.writePEM(crlFile, "X509 CRL", der)
}
