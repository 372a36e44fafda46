// Package chain validates certification paths (RFC 5280, Section 6): from a peer's certificate, by way of intermediates, to
// one of the anchors of a connection.
//
// Certificates are read by crypto/x509. The path is ours, for what IKE needs beyond that: signatures of every scheme of suite,
// name constraints on directory names, certificate policies that a connection demands, bounds on keys and on the search, and
// errors that say which certificate is wrong and how. It holds no state and reads no clock.
package chain

import (
	"crypto/x509"
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
	Policies      []string              // dotted object identifiers; the path must be valid for one of them; empty: for any
	EveryPolicy   bool                  // the path must be valid for each of Policies
	Demands       Demands
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
