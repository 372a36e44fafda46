package auth

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"culvert/auth/chain"
	"culvert/auth/keys"
)

// A document is one DER structure and what its PEM label says it is; the label of bare DER is empty.
type document struct {
	label string
	der   []byte
}

// documents splits PEM into its blocks, or takes all of b as DER.
func documents(b []byte) ([]document, error) {
	if !bytes.Contains(b, []byte("-----BEGIN ")) {
		if len(b) == 0 || b[0] != 0x30 {
			return nil, errors.New("neither PEM nor DER")
		}
		return []document{{"", b}}, nil
	}
	var docs []document
	for {
		block, rest := pem.Decode(b)
		if block == nil {
			break
		}
		if strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return nil, keys.ErrEncrypted
		}
		docs = append(docs, document{block.Type, block.Bytes})
		b = rest
	}
	if bytes.Contains(b, []byte("-----BEGIN ")) {
		return nil, fmt.Errorf("malformed PEM block after %d good ones", len(docs))
	}
	return docs, nil
}

// find returns the documents whose label is one of some, and bare DER. The error for none says what there is instead.
func find(b []byte, what string, labels ...string) ([]document, error) {
	docs, err := documents(b)
	if err != nil {
		return nil, err
	}
	var found []document
	var others []string
	for _, d := range docs {
		if d.label == "" || slices.Contains(labels, d.label) {
			found = append(found, d)
		} else {
			others = append(others, d.label)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no %s in it (it has: %s)", what, strings.Join(others, ", "))
	}
	return found, nil
}

// ParseCertificates reads all certificates from PEM, whatever else there is, or from DER. Their order is kept.
func ParseCertificates(b []byte) ([]*x509.Certificate, error) {
	docs, err := find(b, "certificate", "CERTIFICATE", "X509 CERTIFICATE")
	if err != nil {
		return nil, err
	}
	var certs []*x509.Certificate
	for _, d := range docs {
		more, err := x509.ParseCertificates(d.der)
		if err == nil && len(more) == 0 {
			err = errors.New("no octets")
		}
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(certs)+1, err)
		}
		certs = append(certs, more...)
	}
	return certs, nil
}

// ParseCRLs reads all certificate revocation lists from PEM or one from DER.
func ParseCRLs(b []byte) ([]*x509.RevocationList, error) {
	docs, err := find(b, "certificate revocation list", "X509 CRL")
	if err != nil {
		return nil, err
	}
	var crls []*x509.RevocationList
	for _, d := range docs {
		crl, err := x509.ParseRevocationList(d.der)
		if err != nil {
			return nil, fmt.Errorf("revocation list %d: %w", len(crls)+1, err)
		}
		crls = append(crls, crl)
	}
	return crls, nil
}

// ParsePublicKey reads one public key from PEM or DER: a SubjectPublicKeyInfo, an RSA key of PKCS #1, or the key of a
// certificate.
func ParsePublicKey(b []byte) (crypto.PublicKey, error) {
	docs, err := find(b, "public key", "PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	d := docs[0]
	if d.label == "RSA PUBLIC KEY" {
		return x509.ParsePKCS1PublicKey(d.der)
	}
	if cert, err := x509.ParseCertificate(d.der); err == nil {
		return chain.PublicKey(cert)
	}
	return keys.ParsePublic(d.der)
}

// ParsePrivateKey reads the first private key from PEM, or one from DER: PKCS #8, PKCS #1 (RSA) or SEC 1 (EC). Encrypted
// keys are refused.
func ParsePrivateKey(b []byte) (crypto.Signer, error) {
	docs, err := find(b, "private key", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	return keys.ParsePrivate(docs[0].der)
}
