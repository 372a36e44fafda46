package eaptls

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strings"
)

// maxNames bounds the names that are looked at. Certificates in use have a handful.
const maxNames = 64

// Identity returns who a client's certificate stands for (the Peer-Id of RFC 5216, Section 5.2): the identity that the client
// has claimed if it is one of the certificate's names, letter case apart and spelled as there; else the first of user principal
// name, mail address, domain name, common name, and the subject as a whole, in either order. It is empty if the certificate has no name.
func Identity(leaf *x509.Certificate, claimed string) string {
	names := certificateNames(leaf)
	if len(names) == 0 {
		return ""
	}
	i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, claimed) })
	return names[max(i, 0)]
}

// certificateNames lists the names of a certificate.
func certificateNames(leaf *x509.Certificate) []string {
	names := slices.Concat(principalNames(leaf), leaf.EmailAddresses, leaf.DNSNames)
	names = append(names[:min(len(names), maxNames)], leaf.Subject.CommonName, leaf.Subject.String(), subject(leaf))
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// subject is the subject in the order of the certificate, as identities of IKE are written: C=CH, O=Example, CN=carol.
func subject(leaf *x509.Certificate) string {
	var names pkix.RDNSequence
	if _, err := asn1.Unmarshal(leaf.RawSubject, &names); err != nil {
		return ""
	}
	var parts []string
	for _, rdn := range names {
		parts = append(parts, pkix.RDNSequence{rdn}.String())
	}
	return strings.Join(parts, ", ")
}

// An otherName is a GeneralName of a kind of its own (RFC 5280, Section 4.2.1.6).
type otherName struct {
	ID    asn1.ObjectIdentifier
	Value asn1.RawValue `asn1:"tag:0,explicit"`
}

// principalNames returns the user principal names that Windows puts into certificates.
func principalNames(leaf *x509.Certificate) []string {
	var names []string
	for _, general := range generalNames(leaf) {
		var other otherName
		if _, err := asn1.UnmarshalWithParams(general.FullBytes, &other, "tag:0"); err != nil || !other.ID.Equal(oidPrincipalName()) {
			continue
		}
		var name string
		if _, err := asn1.UnmarshalWithParams(other.Value.Bytes, &name, "utf8"); err == nil {
			names = append(names, name)
		}
	}
	return names
}

// generalNames returns the entries of the subjectAltName extension.
func generalNames(leaf *x509.Certificate) []asn1.RawValue {
	for _, extension := range leaf.Extensions {
		var names []asn1.RawValue
		if extension.Id.Equal(oidSubjectAltName()) {
			if _, err := asn1.Unmarshal(extension.Value, &names); err == nil {
				return names
			}
		}
	}
	return nil
}

func oidSubjectAltName() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 17} }

func oidPrincipalName() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3}
}
