// Package chain validates certification paths (RFC 5280, Section 6): from a peer's certificate, by way of intermediates, to
// one of the anchors of a connection.
//
// It is crypto/x509 with what IKE needs beyond it: Ed448 keys (RFC 8410), bounds on keys, and errors that say which
// certificate is wrong and how. It holds no state and reads no clock.
package chain

import (
	"crypto/x509"
	"slices"
	"time"

	"culvert/suite"
)

// MaxPaths bounds the paths that Verify returns, and with them what is done for each.
const MaxPaths = 4

// Options say what a path may consist of.
type Options struct {
	Anchors       []*x509.Certificate // trusted
	Intermediates []*x509.Certificate // known or sent by the peer; nothing is taken on trust
	Now           time.Time
	Keys          suite.SignaturePolicy // bounds on the keys of every certificate but the anchors
}

// Verify returns the valid paths from leaf to an anchor, leaf first, at least one and at most MaxPaths. The error is an
// *Error. What the leaf may be used for and which names it holds is not its business.
func Verify(leaf *x509.Certificate, opt Options) ([][]*x509.Certificate, error) {
	if err := CheckValidity(leaf, opt.Now); err != nil {
		return nil, err
	}
	if err := CheckKey(leaf, opt.Keys); err != nil {
		return nil, err
	}
	usable, refused := sift(opt)
	paths, err := search(leaf, usable)
	if err != nil && refused != nil {
		return nil, refused
	}
	return paths, err
}

// sift drops the intermediates whose keys may not be used and returns the error of one of them, if any.
func sift(opt Options) (Options, error) {
	var refused error
	var usable []*x509.Certificate
	for _, c := range opt.Intermediates {
		if err := CheckKey(c, opt.Keys); err != nil {
			refused = err
		} else {
			usable = append(usable, c)
		}
	}
	opt.Intermediates = usable
	return opt, refused
}

// search finds paths with crypto/x509, and by ourselves where Ed448 keys sign certificates.
func search(leaf *x509.Certificate, opt Options) ([][]*x509.Certificate, error) {
	paths, err := leaf.Verify(x509.VerifyOptions{
		Roots:         pool(opt.Anchors),
		Intermediates: pool(opt.Intermediates),
		CurrentTime:   opt.Now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err == nil {
		return paths[:min(len(paths), MaxPaths)], nil
	}
	if slices.ContainsFunc(slices.Concat(opt.Anchors, opt.Intermediates), hasEd448Key) {
		return ed448Paths(leaf, opt)
	}
	return nil, explain(leaf, opt, err)
}

func pool(certs []*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certs {
		p.AddCert(c)
	}
	return p
}

// CheckValidity returns an *Error unless now is within the validity of a certificate.
func CheckValidity(c *x509.Certificate, now time.Time) error {
	switch {
	case now.Before(c.NotBefore):
		return &Error{Kind: NotYetValid, Cert: c}
	case now.After(c.NotAfter):
		return &Error{Kind: Expired, Cert: c}
	}
	return nil
}

// CheckKey returns an *Error unless the key of a certificate is one that can be used.
func CheckKey(c *x509.Certificate, policy suite.SignaturePolicy) error {
	pub, err := PublicKey(c)
	if err == nil {
		err = policy.CheckKey(pub)
	}
	if err != nil {
		return &Error{Kind: BadKey, Cert: c, Err: err}
	}
	return nil
}

// NotAfter returns the earliest end of validity in a path.
func NotAfter(path []*x509.Certificate) time.Time {
	end := path[0].NotAfter
	for _, c := range path[1:] {
		if c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	return end
}
