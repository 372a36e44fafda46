package revocation

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"culvert/auth/chain"
	"culvert/auth/internal/memo"
)

// skew is how far the clocks of others may be ahead of ours.
const skew = 5 * time.Minute

// errStale means that a list or answer is too old, or from the future.
var errStale = errors.New("out of date")

// fromFiles looks into the lists that were configured.
func (c *Checker) fromFiles(_ context.Context, q query) (status, error) {
	err := errUnknown
	for _, crl := range c.opt.CRLs {
		if !bytes.Equal(crl.RawIssuer, q.cert.RawIssuer) {
			continue
		}
		if find(crl.Extensions, oidDelta()) != nil {
			continue
		}
		s, e := q.lookup(crl, q.configuredDelta(c.opt.CRLs, crl))
		if e == nil {
			return s, nil
		}
		err = fmt.Errorf("configured revocation list: %w", e)
	}
	return status{}, err
}

// configuredDelta returns the delta list among those configured that goes with a complete one.
func (q query) configuredDelta(lists []*x509.RevocationList, base *x509.RevocationList) *x509.RevocationList {
	for _, d := range lists {
		if extends(d, base) == nil && q.checkList(d, true) == nil {
			return d
		}
	}
	return nil
}

// fromCRL fetches the lists that the certificate names.
func (c *Checker) fromCRL(ctx context.Context, q query) (status, error) {
	err := errUnknown
	points := q.distributionPoints()
	for i, url := range points {
		wait, cancel := share(ctx, len(points)-i)
		crl, e := c.list(wait, url, q, false)
		cancel()
		if e == nil {
			var s status
			if s, e = q.lookup(crl, c.delta(ctx, crl, q)); e == nil {
				return s, nil
			}
		}
		err = fmt.Errorf("revocation list %s: %w", url, e)
	}
	return status{}, err
}

// list returns the complete or delta list of an address, remembered or fetched.
func (c *Checker) list(ctx context.Context, url string, q query, delta bool) (*x509.RevocationList, error) {
	v, err := c.recall(ctx, q.listKey(url, delta), q.now, func(ctx context.Context) (value, error) {
		der, err := c.get(ctx, url, nil, "")
		if err != nil {
			return value{}, err
		}
		if block, _ := pem.Decode(der); block != nil {
			der = block.Bytes // it should be DER (RFC 5280, Section 4.2.1.13), and often is not
		}
		crl, err := x509.ParseRevocationList(der)
		if err != nil {
			return value{}, err
		}
		if err := q.checkList(crl, delta); err != nil {
			return value{}, err
		}
		return value{crl: crl, octets: len(der), expires: crl.NextUpdate}, nil
	})
	return v.crl, err
}

// listKey names the complete or delta list of an address.
func (q query) listKey(url string, delta bool) memo.Key {
	return memo.KeyOf("crl", fmt.Sprint(delta), url, string(q.issuer.Raw))
}

// lookup says what a complete list knows about the certificate, and a delta list that goes with it, if there is one (RFC 5280,
// Section 6.3.3 (i) and (j)). A list that is out of date still proves a revocation.
func (q query) lookup(crl, delta *x509.RevocationList) (status, error) {
	stale := q.checkList(crl, false)
	if stale != nil && !errors.Is(stale, errStale) {
		return status{}, stale
	}
	if err := q.checkScope(crl); err != nil {
		return status{}, err
	}
	if s, ok := q.changed(delta); ok {
		return s, nil
	}
	if s, ok := entry(crl, q.cert.SerialNumber); ok {
		return s, nil
	}
	return status{known: true}, stale
}

// checkList checks that a list is one of the issuer, that all of it is understood, and that it is valid now (RFC 5280,
// Section 6.3.3).
func (q query) checkList(crl *x509.RevocationList, delta bool) error {
	if !bytes.Equal(crl.RawIssuer, q.issuer.RawSubject) {
		return errors.New("it is of another issuer")
	}
	if err := chain.CheckCRL(crl, q.issuer); err != nil {
		return err
	}
	if err := checkExtensions(crl, delta); err != nil {
		return err
	}
	if crl.NextUpdate.IsZero() {
		return fmt.Errorf("it does not say how long it is valid: %w", errStale)
	}
	return q.checkTime(crl.ThisUpdate, crl.NextUpdate)
}

// checkTime checks a period of validity. The end is not checked if it is not given.
func (q query) checkTime(thisUpdate, nextUpdate time.Time) error {
	switch {
	case thisUpdate.After(q.now.Add(skew)):
		return fmt.Errorf("valid from %s only: %w", thisUpdate.UTC().Format(time.RFC3339), errStale)
	case !nextUpdate.IsZero() && q.now.After(nextUpdate):
		return fmt.Errorf("valid until %s only: %w", nextUpdate.UTC().Format(time.RFC3339), errStale)
	}
	return nil
}

// checkExtensions refuses lists with critical extensions that change their meaning: delta lists where complete ones are
// wanted and the reverse, indirect lists, and what nobody knows (RFC 5280, Sections 5.2 and 5.3).
func checkExtensions(crl *x509.RevocationList, delta bool) error {
	switch isDelta := find(crl.Extensions, oidDelta()) != nil; {
	case isDelta && !delta:
		return errDelta
	case delta && !isDelta:
		return errNoDelta
	}
	for _, e := range crl.Extensions {
		if e.Critical && !e.Id.Equal(oidIssuingDistributionPoint()) && !e.Id.Equal(oidDelta()) {
			return fmt.Errorf("it has a critical extension %v", e.Id)
		}
	}
	for _, entry := range crl.RevokedCertificateEntries {
		for _, e := range entry.Extensions {
			if e.Critical {
				return fmt.Errorf("it has an entry with a critical extension %v", e.Id)
			}
		}
	}
	return nil
}

// checkScope checks that a list is about certificates like this one (RFC 5280, Section 6.3.3 (b)).
func (q query) checkScope(crl *x509.RevocationList) error {
	scope, err := parseScope(crl)
	if err != nil {
		return err
	}
	switch {
	case scope.indirect:
		return errors.New("it is an indirect list, which has certificates of several issuers; these are not used")
	case scope.partial:
		return errors.New("it is for some reasons or attribute certificates only")
	case scope.onlyUsers && q.cert.IsCA, scope.onlyCAs && !q.cert.IsCA:
		return errors.New("it is for another kind of certificate")
	case scope.named && !slices.ContainsFunc(scope.urls, func(u string) bool { return slices.Contains(q.points(), u) }):
		return errors.New("it is for another distribution point")
	}
	return nil
}
