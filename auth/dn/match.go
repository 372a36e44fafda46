package dn

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/crypto/cryptobyte/asn1"
)

// wildcard is the value that stands for any value in a pattern.
const wildcard = "*"

// Canonical returns a name of equal meaning that is the same for all names that are equal by RFC 5280, Section 7.1: string
// values are UTF8String in lower case without surplus space. What does not decode is returned as it is.
func Canonical(der []byte) []byte {
	n, err := decode(der)
	if err != nil {
		return der
	}
	for _, rdn := range n {
		for i := range rdn {
			rdn[i] = rdn[i].canonical()
		}
	}
	return n.encode()
}

// HasWildcard reports whether a value of the name is "*".
func HasWildcard(der []byte) bool {
	n, err := decode(der)
	return err == nil && slices.ContainsFunc(n, func(rdn []attribute) bool { return slices.ContainsFunc(rdn, attribute.wild) })
}

// Match reports whether a name fits a pattern: the same attribute types in the same order, and equal values where the value
// of the pattern is not "*".
func Match(pattern, der []byte) bool {
	p, errPattern := decode(pattern)
	n, err := decode(der)
	if errPattern != nil || err != nil {
		return bytes.Equal(pattern, der)
	}
	return slices.EqualFunc(p, n, matchRDN)
}

// matchRDN compares two sets. Where a type occurs more than once in a set, the order of values decides, wildcards first.
func matchRDN(pattern, rdn []attribute) bool {
	return slices.EqualFunc(sorted(pattern), sorted(rdn), func(p, a attribute) bool {
		return p.oid == a.oid && (p.wild() || p.tag == a.tag && bytes.Equal(p.value, a.value))
	})
}

// sorted returns the attributes of a set in canonical form and order.
func sorted(rdn []attribute) []attribute {
	out := make([]attribute, 0, len(rdn))
	for _, a := range rdn {
		out = append(out, a.canonical())
	}
	slices.SortFunc(out, func(a, b attribute) int {
		return cmp.Or(strings.Compare(a.oid, b.oid), bytes.Compare(a.value, b.value))
	})
	return out
}

// wild reports whether the value stands for any value.
func (a attribute) wild() bool {
	s, ok := a.text()
	return ok && s == wildcard
}

// canonical returns the attribute as caseIgnoreMatch sees it (RFC 5280, Section 7.1; RFC 4518, Section 2.6.1).
func (a attribute) canonical() attribute {
	s, ok := a.text()
	if !ok {
		return a
	}
	folded := strings.Map(unicode.ToLower, strings.Join(strings.Fields(s), " "))
	return attribute{a.oid, asn1.UTF8String, []byte(folded)}
}
