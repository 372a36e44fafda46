package chain

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
)

// The bounds of a search for paths: certificates in a path, and signatures that are checked in one search.
const (
	maxDepth      = 8
	maxSignatures = 64
)

// Why a certificate cannot be part of a path.
var (
	errCritical   = errors.New("it has a critical extension that is not known")
	errPathLength = errors.New("its path length is exceeded")
	errNoAnchor   = errors.New("no anchor is in reach")
	errTooMuch    = errors.New("too many candidates")
)

// A finder looks for paths depth first, with the checks of RFC 5280, Section 6.1.
type finder struct {
	opt        Options
	paths      [][]*x509.Certificate
	signatures int   // checked so far
	fault      error // the first reason that excluded a candidate
}

// search finds the paths from a leaf.
func search(leaf *x509.Certificate, opt Options) ([][]*x509.Certificate, error) {
	if !understood(leaf) {
		return nil, &Error{Kind: Constraint, Cert: leaf, Err: errCritical}
	}
	f := &finder{opt: opt}
	if slices.ContainsFunc(opt.Anchors, leaf.Equal) {
		f.complete([]*x509.Certificate{leaf})
	} else {
		f.extend([]*x509.Certificate{leaf})
	}
	switch {
	case len(f.paths) > 0:
		return f.paths, nil
	case f.fault != nil:
		return nil, f.fault
	}
	return nil, &Error{Kind: Untrusted, Cert: lastOf(leaf, opt), Err: errNoAnchor}
}

// extend adds to path each certificate that may have issued its last one, and records the paths that reach an anchor.
func (f *finder) extend(path []*x509.Certificate) {
	child := path[len(path)-1]
	for _, anchor := range f.opt.Anchors {
		if len(f.paths) < MaxPaths && f.admits(path, child, anchor) {
			f.complete(append(slices.Clone(path), anchor))
		}
	}
	if len(path) >= maxDepth {
		return
	}
	for _, c := range f.opt.Intermediates {
		if len(f.paths) < MaxPaths && !slices.ContainsFunc(path, c.Equal) && f.admitsBelowAnchor(path, child, c) {
			f.extend(append(slices.Clone(path), c))
		}
	}
}

// complete records a path to an anchor if its names and policies are right, which is seen from the anchor downwards.
func (f *finder) complete(path []*x509.Certificate) {
	err := checkNames(path)
	if err == nil {
		err = f.opt.checkPolicies(path)
	}
	if err == nil {
		err = f.opt.Demands.Check(path)
	}
	if err != nil {
		f.blame(err)
		return
	}
	f.paths = append(f.paths, path)
}

// admitsBelowAnchor is admits for an intermediate, which must say that it is a CA; an old certificate without extensions is
// one only as an anchor (RFC 5280, Section 6.1.4 (k)).
func (f *finder) admitsBelowAnchor(path []*x509.Certificate, child, parent *x509.Certificate) bool {
	if issued(parent, child) && !(parent.BasicConstraintsValid && parent.IsCA) {
		f.blame(&Error{Kind: Untrusted, Cert: child, Err: errNoCA})
		return false
	}
	return f.admits(path, child, parent)
}

// admits reports whether parent may follow at the end of a path.
func (f *finder) admits(path []*x509.Certificate, child, parent *x509.Certificate) bool {
	if !issued(parent, child) {
		return false
	}
	err := f.check(path, child, parent)
	if err != nil {
		f.blame(err)
	}
	return err == nil
}

// blame keeps the first fault.
func (f *finder) blame(err error) {
	if f.fault == nil {
		f.fault = err
	}
}

// check applies the rules for a CA in a path.
func (f *finder) check(path []*x509.Certificate, child, parent *x509.Certificate) error {
	switch {
	case !understood(parent):
		return &Error{Kind: Constraint, Cert: parent, Err: errCritical}
	case parent.BasicConstraintsValid && parent.MaxPathLen >= 0 && depth(path) > parent.MaxPathLen:
		return &Error{Kind: Constraint, Cert: parent, Err: errPathLength}
	}
	if err := CheckValidity(parent, f.opt.Now); err != nil {
		return err
	}
	if f.signatures == maxSignatures {
		return &Error{Kind: Untrusted, Cert: child, Err: errTooMuch}
	}
	f.signatures++
	if err := CheckSignature(child, parent); err != nil {
		return &Error{Kind: Untrusted, Cert: child, Err: err}
	}
	return nil
}

// depth counts the CAs of a path that count for path lengths: those that another name has issued (RFC 5280,
// Section 6.1.4 (l)).
func depth(path []*x509.Certificate) int {
	n := 0
	for _, c := range path[1:] {
		if !selfIssued(c) {
			n++
		}
	}
	return n
}

// issued reports whether parent may be the issuer of child by name and key identifier (RFC 5280, Section 4.2.1.1).
func issued(parent, child *x509.Certificate) bool {
	known := len(child.AuthorityKeyId) > 0 && len(parent.SubjectKeyId) > 0
	return bytes.Equal(parent.RawSubject, child.RawIssuer) && (!known || bytes.Equal(parent.SubjectKeyId, child.AuthorityKeyId))
}

// selfIssued reports whether subject and issuer have the same name (RFC 5280, Section 3.2).
func selfIssued(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }

// understood reports whether all critical extensions are processed: those that crypto/x509 reads, and name constraints of
// any type, which it does not.
func understood(c *x509.Certificate) bool {
	return !slices.ContainsFunc(c.UnhandledCriticalExtensions, func(id asn1.ObjectIdentifier) bool {
		return !id.Equal(oidNameConstraints())
	})
}

// extension returns the value of an extension, nil if it is not there.
func extension(c *x509.Certificate, id asn1.ObjectIdentifier) []byte {
	for _, e := range c.Extensions {
		if e.Id.Equal(id) {
			return e.Value
		}
	}
	return nil
}
