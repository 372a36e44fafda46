package keystore

import (
	"encoding/hex"
	"fmt"

	"culvert/keystore/token"
)

// Certificate reads the certificate of a PKCS #11 URI, whose PIN is not needed.
func (s Store) Certificate(uri string) ([]byte, error) {
	n, err := parseURI(uri)
	if err != nil {
		return nil, err
	}
	n.pin = nil
	list, err := s.candidates(n)
	if err != nil {
		return nil, err
	}
	c, answer, err := first(list, token.Certificate)
	if err != nil {
		return nil, err
	}
	c.stop()
	if len(answer.Certificates) == 0 {
		return nil, fmt.Errorf("PKCS #11 module %s: it answers without a certificate", c.object.Module)
	}
	return answer.Certificates[0].DER, nil
}

// CertificatesOf reads all certificates in the tokens of a module.
func (s Store) CertificatesOf(m Module) ([]Certificate, error) {
	list, err := s.candidates(name{object: token.Object{Module: m.Path}})
	if err != nil {
		return nil, err
	}
	answer, err := list[0].ask(token.Request{Op: token.Certificates})
	list[0].stop()
	if err != nil {
		return nil, err
	}
	all := make([]Certificate, len(answer.Certificates))
	for i, c := range answer.Certificates {
		id, err := hex.DecodeString(c.ID)
		if err != nil {
			return nil, fmt.Errorf("PKCS #11 module %s: %q is no id", m.Path, c.ID)
		}
		all[i] = Certificate{DER: c.DER, Trusted: c.Trusted, Module: m.Name, ID: id}
	}
	return all, nil
}
