package chain

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// maxComparisons bounds how often a name is held against a subtree in one path: a certificate may have thousands of either.
const maxComparisons = 1 << 14

// What is wrong with the names in a path.
var (
	errConstraints = errors.New("its name constraints cannot be read")
	errManyNames   = errors.New("its names are too many for the constraints of its authorities")
)

// oidNameConstraints is id-ce-nameConstraints.
func oidNameConstraints() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 30} }

// constraints are the names that may stand below a CA (RFC 5280, Section 4.2.1.10).
type constraints struct{ permitted, excluded []generalName }

// checkNames holds the names of a path against the constraints of each CA in it, the anchor included. Certificates that
// issuer and subject have in common are exempt but for the first (RFC 5280, Section 6.1.4 (b)).
func checkNames(path []*x509.Certificate) error {
	budget := maxComparisons
	for i := len(path) - 1; i > 0; i-- {
		value := extension(path[i], oidNameConstraints())
		if value == nil {
			continue
		}
		limits, err := parseConstraints(value)
		if err != nil {
			return &Error{Kind: Constraint, Cert: path[i], Err: err}
		}
		for j, c := range path[:i] {
			if j > 0 && selfIssued(c) {
				continue
			}
			if err := limits.check(c, path[i], &budget); err != nil {
				return &Error{Kind: Constraint, Cert: c, Err: err}
			}
		}
	}
	return nil
}

// parseConstraints reads a nameConstraints extension:
//
//	SEQUENCE { permittedSubtrees [0] OPTIONAL, excludedSubtrees [1] OPTIONAL }
func parseConstraints(value []byte) (constraints, error) {
	input := cryptobyte.String(value)
	var seq, permitted, excluded cryptobyte.String
	var some, others bool
	if !input.ReadASN1(&seq, casn1.SEQUENCE) || !input.Empty() ||
		!seq.ReadOptionalASN1(&permitted, &some, casn1.Tag(0).ContextSpecific().Constructed()) ||
		!seq.ReadOptionalASN1(&excluded, &others, casn1.Tag(1).ContextSpecific().Constructed()) || !seq.Empty() {
		return constraints{}, errConstraints
	}
	var c constraints
	var err error
	if c.permitted, err = parseSubtrees(permitted); err != nil {
		return constraints{}, err
	}
	c.excluded, err = parseSubtrees(excluded)
	return c, err
}

// parseSubtrees reads GeneralSubtrees: SEQUENCE { base, minimum [0] DEFAULT 0, maximum [1] OPTIONAL }, of which minimum and
// maximum are not used (RFC 5280, Section 4.2.1.10).
func parseSubtrees(list cryptobyte.String) ([]generalName, error) {
	var bases []generalName
	for !list.Empty() {
		var subtree cryptobyte.String
		if !list.ReadASN1(&subtree, casn1.SEQUENCE) {
			return nil, errConstraints
		}
		base, err := readName(&subtree)
		if err != nil || !subtree.Empty() || !base.isSubtree() {
			return nil, errConstraints
		}
		bases = append(bases, base)
	}
	return bases, nil
}

// check holds all names of a certificate against the constraints of a CA above it.
func (l constraints) check(c, ca *x509.Certificate, budget *int) error {
	names, err := namesOf(c)
	if err != nil {
		return err
	}
	for _, n := range names {
		if *budget -= len(l.permitted) + len(l.excluded); *budget < 0 {
			return errManyNames
		}
		if !l.allow(n) {
			return fmt.Errorf("it has the name %s, which the name constraints of \"%s\" forbid", n, Name(ca))
		}
	}
	return nil
}

// allow reports whether a name is in one of the permitted subtrees of its form, if there are any, and in no excluded one. A
// name of a constrained form that cannot be understood is not allowed.
func (l constraints) allow(n generalName) bool {
	same := func(base generalName) bool { return base.form == n.form }
	limited := slices.ContainsFunc(l.permitted, same)
	if !limited && !slices.ContainsFunc(l.excluded, same) {
		return true
	}
	if !n.isName() {
		return false
	}
	return (!limited || slices.ContainsFunc(l.permitted, func(base generalName) bool { return same(base) && base.holds(n) })) &&
		!slices.ContainsFunc(l.excluded, func(base generalName) bool { return same(base) && base.mayHold(n) })
}
