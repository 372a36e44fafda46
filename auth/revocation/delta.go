package revocation

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// removeFromCRL is the reason of an entry of a delta list that takes one of its base back (RFC 5280, Section 5.3.1).
const removeFromCRL = 8

// The ways a delta list does not fit its base.
var (
	errDelta   = errors.New("it is a delta list, which says nothing by itself")
	errNoDelta = errors.New("it is no delta list")
	errBase    = errors.New("it does not belong to the list that is there")
)

// oidDelta is id-ce-deltaCRLIndicator, oidFreshest id-ce-freshestCRL.
func oidDelta() asn1.ObjectIdentifier    { return asn1.ObjectIdentifier{2, 5, 29, 27} }
func oidFreshest() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 46} }

// delta returns the delta list for a complete one, from those that the certificate or the list name as freshest (RFC 5280,
// Sections 4.2.1.15 and 5.2.6). Without a good one there is none: what the complete list says is valid by itself.
func (c *Checker) delta(ctx context.Context, base *x509.RevocationList, q query) *x509.RevocationList {
	var urls []string
	for _, list := range [][]pkix.Extension{q.cert.Extensions, base.Extensions} {
		if value := find(list, oidFreshest()); value != nil {
			urls = append(urls, parsePoints(value)...)
		}
	}
	for _, url := range httpURLs(urls) {
		if d, err := c.list(ctx, url, q, true); err == nil && extends(d, base) == nil {
			return d
		}
	}
	return nil
}

// extends reports whether a delta list goes with a complete one: it has the same scope, begins no later than where the
// complete one stands, and is no older (RFC 5280, Section 6.3.3 (c); Section 5.2.4).
func extends(delta, base *x509.RevocationList) error {
	from, err := baseNumber(delta)
	switch {
	case err != nil:
		return err
	case base.Number == nil || delta.Number == nil || from.Cmp(base.Number) > 0 || delta.Number.Cmp(base.Number) < 0:
		return errBase
	case !bytes.Equal(find(delta.Extensions, oidIssuingDistributionPoint()), find(base.Extensions, oidIssuingDistributionPoint())):
		return errBase
	}
	return nil
}

// baseNumber returns the BaseCRLNumber of a delta list.
func baseNumber(crl *x509.RevocationList) (*big.Int, error) {
	value := find(crl.Extensions, oidDelta())
	if value == nil {
		return nil, errNoDelta
	}
	input := cryptobyte.String(value)
	n := new(big.Int)
	if !input.ReadASN1Integer(n) || !input.Empty() {
		return nil, errBase
	}
	return n, nil
}

// changed looks for a certificate in a delta list. found: it is there, and what it says counts instead of the base's word.
func (q query) changed(delta *x509.RevocationList) (s status, found bool) {
	if delta == nil {
		return status{}, false
	}
	s, found = entry(delta, q.cert.SerialNumber)
	if found && s.reason == removeFromCRL {
		s = status{known: true}
	}
	return s, found
}

// entry returns what a list has about a serial number.
func entry(crl *x509.RevocationList, serial *big.Int) (status, bool) {
	i := slices.IndexFunc(crl.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool { return e.SerialNumber.Cmp(serial) == 0 })
	if i < 0 {
		return status{}, false
	}
	e := crl.RevokedCertificateEntries[i]
	return status{known: true, revoked: true, at: e.RevocationTime, reason: e.ReasonCode}, true
}

// parsePoints returns the URIs of CRLDistributionPoints, a sequence of { distributionPoint [0] OPTIONAL, reasons [1] OPTIONAL,
// cRLIssuer [2] OPTIONAL } (RFC 5280, Section 4.2.1.13). Points for some reasons or of other issuers are left out.
func parsePoints(value []byte) []string {
	input := cryptobyte.String(value)
	var points cryptobyte.String
	if !input.ReadASN1(&points, casn1.SEQUENCE) {
		return nil
	}
	var urls []string
	for !points.Empty() {
		var point, name cryptobyte.String
		var present bool
		if !points.ReadASN1(&point, casn1.SEQUENCE) ||
			!point.ReadOptionalASN1(&name, &present, casn1.Tag(0).ContextSpecific().Constructed()) {
			return urls
		}
		var s scope
		if present && point.Empty() && s.addNames(name) {
			urls = append(urls, s.urls...)
		}
	}
	return urls
}
