package revocation

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
)

// maxShown bounds the OCSP answers, and the lists, that are looked into.
const maxShown = 16

// Shown is what a peer shows of revocation by itself: OCSP answers (RFC 4806) and lists (RFC 7296, Section 3.6). It counts as
// much as if it had been fetched: by signature, time and scope.
type Shown struct {
	OCSP [][]byte // each an OCSPResponse
	CRLs []*x509.RevocationList
}

// errNotShown means that a peer did not show what it must.
var errNotShown = errors.New("the peer sent no OCSP answer about it, which is demanded")

// fromShown looks into what the peer has shown.
func (c *Checker) fromShown(_ context.Context, q query) (status, error) {
	s, err := q.fromShownOCSP()
	if err == nil {
		return s, nil
	}
	for _, crl := range q.shown.CRLs[:min(len(q.shown.CRLs), maxShown)] {
		if !bytes.Equal(crl.RawIssuer, q.issuer.RawSubject) {
			continue
		}
		s, e := q.lookup(crl, nil)
		if e == nil {
			return s, nil
		}
		err = both(err, fmt.Errorf("revocation list of the peer: %w", e))
	}
	return status{}, err
}

// fromShownOCSP looks into the OCSP answers that the peer has shown. They have no nonce of ours (RFC 4806, Section 6).
func (q query) fromShownOCSP() (status, error) {
	err := errUnknown
	if q.nonce == NonceRequire {
		return status{}, err
	}
	for _, der := range q.shown.OCSP[:min(len(q.shown.OCSP), maxShown)] {
		r, e := q.check(der, nil)
		if e == nil {
			var s status
			if s, e = q.read(r); e == nil {
				return s, nil
			}
		}
		if !errors.Is(e, errQuestion) {
			err = fmt.Errorf("OCSP answer of the peer: %w", e)
		}
	}
	return status{}, err
}

// onlyShown is the source of a certificate whose owner must show an OCSP answer. A revocation that is known counts anyway.
func (c *Checker) onlyShown(ctx context.Context, q query) (status, error) {
	if s, err := c.fromFiles(ctx, q); err == nil && s.revoked {
		return s, nil
	}
	s, err := q.fromShownOCSP()
	if errors.Is(err, errUnknown) {
		err = errNotShown
	}
	return s, err
}
