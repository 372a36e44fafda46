package revocation

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"culvert/auth/chain"
)

var errResponder = errors.New("its responder is neither the issuer, nor named by it, nor configured")

// checkResponder checks that a response is signed by somebody who may: the issuer, a responder that is configured, or one to
// whom the issuer has given a certificate for that purpose (RFC 6960, Section 4.2.2.2). Whether that certificate was revoked
// is not asked.
func (q query) checkResponder(r *response) error {
	err := errResponder
	for _, c := range slices.Concat([]*x509.Certificate{q.issuer}, q.responders, r.certificates) {
		if !r.isBy(c) {
			continue
		}
		if err = q.authorized(c); err == nil {
			err = chain.CheckSigned(r.basic, c)
		}
		if err == nil {
			return nil
		}
	}
	return err
}

// isBy reports whether a response names the subject or the key of a certificate as its responder.
func (r *response) isBy(c *x509.Certificate) bool {
	if r.responderKey != nil {
		return bytes.Equal(r.responderKey, sum(crypto.SHA1, keyBits(c)))
	}
	return bytes.Equal(r.responderName, c.RawSubject)
}

// authorized reports whether the owner of a certificate may answer for the issuer.
func (q query) authorized(c *x509.Certificate) error {
	switch {
	case c.Equal(q.issuer):
		return nil
	case slices.ContainsFunc(q.responders, c.Equal):
		return chain.CheckValidity(c, q.now)
	case !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return fmt.Errorf("certificate \"%s\" is not for signing OCSP answers", chain.Name(c))
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return fmt.Errorf("certificate \"%s\" does not allow its key to sign", chain.Name(c))
	}
	if err := chain.CheckSignature(c, q.issuer); err != nil {
		return fmt.Errorf("certificate \"%s\" of the answer: %w", chain.Name(c), err)
	}
	return chain.CheckValidity(c, q.now)
}
