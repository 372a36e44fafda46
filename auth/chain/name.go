package chain

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"culvert/auth/dn"
)

// A form is the kind of a GeneralName, its tag (RFC 5280, Section 4.2.1.6).
type form uint8

// The forms that are understood.
const (
	formEmail     form = 1
	formDNS       form = 2
	formDirectory form = 4
	formURI       form = 6
	formIP        form = 7
)

// A generalName is one name of a certificate, or the base of a subtree.
type generalName struct {
	form  form
	value string // the contents octets; of a directory name the Name inside
}

// errNames means that names or constraints cannot be read.
var errNames = errors.New("malformed names")

// oidSubjectAltName is id-ce-subjectAltName.
func oidSubjectAltName() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 17} }

// String returns the name for people.
func (n generalName) String() string {
	switch n.form {
	case formDirectory:
		return dn.Format([]byte(n.value))
	case formIP:
		if addr, ok := netip.AddrFromSlice([]byte(n.value)); ok {
			return addr.String()
		}
	case formEmail, formDNS, formURI:
		return fmt.Sprintf("%.256q", n.value)
	}
	return fmt.Sprintf("a name of form %d", n.form)
}

// namesOf returns all names of a certificate to which constraints apply: its subject unless empty, its subjectAltNames, and
// mail addresses in the subject if there are none elsewhere (RFC 5280, Section 4.2.1.10).
func namesOf(c *x509.Certificate) ([]generalName, error) {
	var names []generalName
	if len(c.Subject.Names) > 0 {
		names = append(names, generalName{formDirectory, string(c.RawSubject)})
	}
	hasEmail := false
	if value := extension(c, oidSubjectAltName()); value != nil {
		alternatives, err := parseNames(value)
		if err != nil {
			return nil, err
		}
		for _, n := range alternatives {
			hasEmail = hasEmail || n.form == formEmail
		}
		names = append(names, alternatives...)
	}
	if hasEmail {
		return names, nil
	}
	addresses, err := dn.Texts(c.RawSubject, "emailAddress")
	for _, a := range addresses {
		names = append(names, generalName{formEmail, a})
	}
	return names, err
}

// parseNames reads GeneralNames, a sequence.
func parseNames(value []byte) ([]generalName, error) {
	input := cryptobyte.String(value)
	var list cryptobyte.String
	if !input.ReadASN1(&list, casn1.SEQUENCE) || !input.Empty() {
		return nil, errNames
	}
	var names []generalName
	for !list.Empty() {
		n, err := readName(&list)
		if err != nil {
			return nil, err
		}
		names = append(names, n)
	}
	return names, nil
}

// readName reads one GeneralName. A directory name is tagged explicitly, being a CHOICE.
func readName(input *cryptobyte.String) (generalName, error) {
	var value cryptobyte.String
	var tag casn1.Tag
	if !input.ReadAnyASN1(&value, &tag) || tag&0xc0 != 0x80 {
		return generalName{}, errNames
	}
	return generalName{form(tag & 0x1f), string(value)}, nil
}
