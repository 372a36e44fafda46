package dn

import "slices"

// Within reports whether a name is in the subtree below base, base included: it begins with the relative distinguished names
// of base (RFC 5280, Section 7.1). Names that do not decode are in no subtree.
func Within(base, der []byte) bool {
	b, errBase := decode(base)
	n, err := decode(der)
	if errBase != nil || err != nil || len(b) > len(n) {
		return false
	}
	return slices.EqualFunc(b, n[:len(b)], sameRDN)
}

// sameRDN compares two sets, a wildcard being a character as any other.
func sameRDN(a, b []attribute) bool {
	return slices.EqualFunc(sorted(a), sorted(b), func(x, y attribute) bool {
		return x.oid == y.oid && x.tag == y.tag && slices.Equal(x.value, y.value)
	})
}

// Texts returns the values of all attributes of a type, such as "emailAddress". The error says that the name, or a value
// that was asked for, cannot be read.
func Texts(der []byte, attributeType string) ([]string, error) {
	n, err := decode(der)
	if err != nil {
		return nil, err
	}
	wanted, _ := typeByName(attributeType)
	var values []string
	for _, a := range slices.Concat(n...) {
		if oid, _ := decodeOID(a.oid); oid != wanted.oid {
			continue
		}
		s, ok := a.text()
		if !ok {
			return nil, errMalformed
		}
		values = append(values, s)
	}
	return values, nil
}
