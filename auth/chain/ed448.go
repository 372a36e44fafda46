package chain

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"slices"
)

// The bounds of a search for paths: certificates in a path, and signatures that are checked in one search.
const (
	maxDepth      = 8
	maxSignatures = 64
)

// Why a certificate cannot be part of a path that is not validated by crypto/x509.
var (
	errNameConstraints = errors.New("it has name constraints, which are not evaluated where Ed448 signs certificates")
	errCritical        = errors.New("it has a critical extension that is not known")
	errPathLength      = errors.New("its path length is exceeded")
	errNoAnchor        = errors.New("no anchor is in reach")
	errTooMuch         = errors.New("too many candidates")
)

// A finder looks for paths depth first. It does the checks of RFC 5280, Section 6.1 that crypto/x509 would do, for paths
// with signatures that crypto/x509 does not know.
type finder struct {
	opt        Options
	paths      [][]*x509.Certificate
	signatures int   // checked so far
	fault      error // the first reason that excluded a candidate
}

// ed448Paths is Verify for paths with Ed448 signatures.
func ed448Paths(leaf *x509.Certificate, opt Options) ([][]*x509.Certificate, error) {
	if len(leaf.UnhandledCriticalExtensions) > 0 {
		return nil, &Error{Kind: Constraint, Cert: leaf, Err: errCritical}
	}
	f := &finder{opt: opt}
	if slices.ContainsFunc(opt.Anchors, leaf.Equal) {
		return [][]*x509.Certificate{{leaf}}, nil
	}
	f.extend([]*x509.Certificate{leaf})
	if len(f.paths) > 0 {
		return f.paths, nil
	}
	if f.fault != nil {
		return nil, f.fault
	}
	return nil, &Error{Kind: Untrusted, Cert: lastOf(leaf, opt), Err: errNoAnchor}
}

// extend adds to path each certificate that may have issued its last one, and records the paths that reach an anchor.
func (f *finder) extend(path []*x509.Certificate) {
	child := path[len(path)-1]
	for _, anchor := range f.opt.Anchors {
		if len(f.paths) < MaxPaths && f.admits(path, child, anchor) {
			f.paths = append(f.paths, append(slices.Clone(path), anchor))
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
	case len(parent.UnhandledCriticalExtensions) > 0:
		return &Error{Kind: Constraint, Cert: parent, Err: errCritical}
	case hasNameConstraints(parent):
		return &Error{Kind: Constraint, Cert: parent, Err: errNameConstraints}
	case parent.BasicConstraintsValid && parent.MaxPathLen >= 0 && len(path)-1 > parent.MaxPathLen:
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

// issued reports whether parent may be the issuer of child by name and key identifier (RFC 5280, Section 4.2.1.1).
func issued(parent, child *x509.Certificate) bool {
	known := len(child.AuthorityKeyId) > 0 && len(parent.SubjectKeyId) > 0
	return bytes.Equal(parent.RawSubject, child.RawIssuer) && (!known || bytes.Equal(parent.SubjectKeyId, child.AuthorityKeyId))
}

// hasNameConstraints reports whether a CA restricts names (RFC 5280, Section 4.2.1.10).
func hasNameConstraints(c *x509.Certificate) bool {
	return slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidNameConstraints()) })
}

// oidNameConstraints is id-ce-nameConstraints.
func oidNameConstraints() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 30} }
