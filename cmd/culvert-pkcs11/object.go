//go:build cgo

package main

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"

	"github.com/miekg/pkcs11"

	"culvert/keystore/token"
)

// The limits of what is read from a token.
const (
	mostObjects = 256
	largest     = 64 << 10 // octets of a certificate
)

// objects lists those of a class with an id and a label, of which either may be nil.
func (s *session) objects(class uint, id, label []byte) ([]pkcs11.ObjectHandle, error) {
	wanted := []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, class)}
	if len(id) > 0 {
		wanted = append(wanted, pkcs11.NewAttribute(pkcs11.CKA_ID, id))
	}
	if len(label) > 0 {
		wanted = append(wanted, pkcs11.NewAttribute(pkcs11.CKA_LABEL, label))
	}
	if err := s.ctx.FindObjectsInit(s.handle, wanted); err != nil {
		return nil, s.because("it does not search", err)
	}
	found, _, err := s.ctx.FindObjects(s.handle, mostObjects)
	if end := s.ctx.FindObjectsFinal(s.handle); err == nil {
		err = end
	}
	return found, s.because("it does not search", err)
}

// attribute reads one attribute; nil: there is none.
func (s *session) attribute(o pkcs11.ObjectHandle, kind uint) []byte {
	got, err := s.ctx.GetAttributeValue(s.handle, o, []*pkcs11.Attribute{pkcs11.NewAttribute(kind, nil)})
	if err != nil || len(got) != 1 {
		return nil
	}
	return got[0].Value
}

// find returns the token that has an object, by what everybody may see of it: its public key or a certificate. A private key
// may be the only thing that is there, and shows after a login alone; so a token that is the only one it can be in has it.
func (m *module) find(o token.Object) (present, error) {
	list, err := m.tokens(o)
	if err != nil {
		return present{}, err
	}
	for _, t := range list {
		if there, err := t.has(o); err == nil && there {
			return t, nil
		}
	}
	if len(list) == 1 && (o.Slot != "" || o.Token != "" || o.Serial != "") {
		return list[0], nil
	}
	return present{}, m.absent(o, "no token has such a key or certificate, as far as it can be seen without a PIN")
}

// has tells whether a token shows an object.
func (t present) has(o token.Object) (bool, error) {
	s, err := t.session()
	if err != nil {
		return false, err
	}
	defer s.close()
	id, err := hex.DecodeString(o.ID)
	if err != nil {
		return false, err
	}
	for _, class := range []uint{pkcs11.CKO_PUBLIC_KEY, pkcs11.CKO_CERTIFICATE, pkcs11.CKO_PRIVATE_KEY} {
		if found, err := s.objects(class, id, []byte(o.Label)); err != nil || len(found) > 0 {
			return err == nil, err
		}
	}
	return s.byKeyID(o.ID) != "", nil
}

// byKeyID returns the id of the certificate with a subject key identifier, in hexadecimal; "": there is none.
func (s *session) byKeyID(wanted string) string {
	certs, err := s.certificates(nil, nil)
	if err != nil || wanted == "" {
		return ""
	}
	for _, c := range certs {
		if x, err := x509.ParseCertificate(c.DER); err == nil && hex.EncodeToString(x.SubjectKeyId) == wanted {
			return c.ID
		}
	}
	return ""
}

// certificates reads those of a token.
func (s *session) certificates(id, label []byte) (list []token.X509, err error) {
	found, err := s.objects(pkcs11.CKO_CERTIFICATE, id, label)
	for _, o := range found {
		der := s.attribute(o, pkcs11.CKA_VALUE)
		if len(der) == 0 || len(der) > largest {
			continue
		}
		// As strongSwan has it, tokens that do not say whom they trust trust all that they have.
		trusted := s.attribute(o, pkcs11.CKA_TRUSTED)
		list = append(list, token.X509{DER: der, ID: hex.EncodeToString(s.attribute(o, pkcs11.CKA_ID)), Trusted: len(trusted) == 0 || trusted[0] != 0, Place: s.place})
	}
	return list, err
}

// certificates reads the certificates of the tokens that an object may be in: one with its id or label, or all.
func (m *module) certificates(o token.Object, one bool) (list []token.X509, err error) {
	tokens, err := m.tokens(o)
	if err != nil {
		return nil, err
	}
	id, err := hex.DecodeString(o.ID)
	if err != nil {
		return nil, fmt.Errorf("the id %q is not hexadecimal", o.ID)
	}
	for _, t := range tokens {
		s, err := t.session()
		if err != nil {
			return nil, err
		}
		certs, err := s.certificates(id, []byte(o.Label))
		s.close()
		if err != nil {
			return nil, err
		}
		if one && len(certs) > 0 {
			return certs[:1], nil
		}
		list = append(list, certs...)
	}
	if one {
		return nil, m.absent(o, "no token has such a certificate")
	}
	return list, nil
}
