package dn

import (
	"encoding/asn1"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// An attributeType has the names that are read for it, the first of which is printed.
type attributeType struct {
	oid   string // dotted
	names []string
	ia5   bool // values are IA5String (RFC 5280, Appendix A.1)
}

// attributeTypes are the types with names: those of RFC 4514, Section 3 and RFC 5280, Section 4.1.2.4, and what swanctl and
// openssl call them. SN is the serial number, as swanctl reads it.
func attributeTypes() []attributeType {
	return []attributeType{
		{"2.5.4.3", []string{"CN", "commonName"}, false},
		{"2.5.4.4", []string{"surname", "S"}, false},
		{"2.5.4.5", []string{"serialNumber", "SN"}, false},
		{"2.5.4.6", []string{"C", "countryName"}, false},
		{"2.5.4.7", []string{"L", "localityName"}, false},
		{"2.5.4.8", []string{"ST", "stateOrProvinceName"}, false},
		{"2.5.4.9", []string{"STREET", "streetAddress"}, false},
		{"2.5.4.10", []string{"O", "organizationName"}, false},
		{"2.5.4.11", []string{"OU", "organizationalUnitName"}, false},
		{"2.5.4.12", []string{"T", "title"}, false},
		{"2.5.4.13", []string{"D", "description"}, false},
		{"2.5.4.17", []string{"postalCode"}, false},
		{"2.5.4.41", []string{"N", "name"}, false},
		{"2.5.4.42", []string{"G", "GN", "givenName"}, false},
		{"2.5.4.43", []string{"I", "initials"}, false},
		{"2.5.4.44", []string{"generationQualifier"}, false},
		{"2.5.4.45", []string{"ID", "x500UniqueIdentifier"}, false},
		{"2.5.4.46", []string{"dnQualifier"}, false},
		{"2.5.4.65", []string{"pseudonym"}, false},
		{"2.5.4.97", []string{"organizationIdentifier"}, false},
		{"0.9.2342.19200300.100.1.1", []string{"UID", "userId"}, false},
		{"0.9.2342.19200300.100.1.25", []string{"DC", "domainComponent"}, true},
		{"1.2.840.113549.1.9.1", []string{"E", "emailAddress", "Email"}, true},
		{"1.2.840.113549.1.9.2", []string{"UN", "unstructuredName"}, true},
		{"1.2.840.113549.1.9.8", []string{"UA", "unstructuredAddress"}, false},
		{"2.16.840.1.113730.3.1.3", []string{"EN", "employeeNumber"}, false},
	}
}

// typeByName finds a type by any of its names, whatever their case, or by its dotted number.
func typeByName(s string) (attributeType, bool) {
	for _, t := range attributeTypes() {
		for _, name := range t.names {
			if strings.EqualFold(name, s) {
				return t, true
			}
		}
	}
	dotted := s
	if len(s) > 4 && strings.EqualFold(s[:4], "OID.") {
		dotted = s[4:]
	}
	if _, ok := encodeOID(dotted); !ok {
		return attributeType{}, false
	}
	return typeByOID(dotted), true
}

// typeByOID returns the type with a dotted number, nameless if it has no name.
func typeByOID(dotted string) attributeType {
	for _, t := range attributeTypes() {
		if t.oid == dotted {
			return t
		}
	}
	return attributeType{oid: dotted}
}

// encodeOID returns the contents octets of a dotted number.
func encodeOID(dotted string) (string, bool) {
	oid, ok := parseOID(dotted)
	if !ok {
		return "", false
	}
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(oid)
	der, err := b.Bytes()
	if err != nil {
		return "", false
	}
	input := cryptobyte.String(der)
	var contents cryptobyte.String
	ok = input.ReadASN1(&contents, casn1.OBJECT_IDENTIFIER)
	return string(contents), ok
}

// decodeOID returns the dotted number of contents octets. Numbers beyond 31 bits have none.
func decodeOID(contents string) (string, bool) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes([]byte(contents)) })
	input := cryptobyte.String(b.BytesOrPanic())
	var oid asn1.ObjectIdentifier
	if !input.ReadASN1ObjectIdentifier(&oid) {
		return "", false
	}
	return oid.String(), true
}
