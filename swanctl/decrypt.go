package swanctl

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"

	"culvert/auth"
	"culvert/auth/chain"
	"culvert/secret"
)

// errLocked means that no passphrase opens a key.
var errLocked = errors.New("the private key is encrypted, and no secret opens it: add one to the secrets with the name of the file")

// NewPrivateKey reads a private key of PEM or DER, which is not encrypted. The octets become its own.
func NewPrivateKey(data secret.Bytes) (PrivateKey, error) {
	signer, err := auth.ParsePrivateKey(data)
	if err != nil {
		return PrivateKey{}, err
	}
	id, err := KeyID(signer.Public())
	return PrivateKey{ID: id, Data: data, Public: signer.Public()}, err
}

// loadedCertificate takes an authority for one whatever it was called, and nothing else for one.
func loadedCertificate(kind CertificateKind, x *x509.Certificate, path string) (Certificate, error) {
	authority := x.IsCA || x.Version < 3 && isRoot(x)
	switch {
	case authority && kind == CertEntity:
		kind = CertAuthority
	case !authority && kind == CertAuthority:
		return Certificate{}, fmt.Errorf("ca certificate lacks CA basic constraint, rejected: %s", chain.Name(x))
	}
	return newCertificate(kind, x, path)
}

// decrypt returns a private key without its encryption: as it is, or opened by one of some passphrases.
func decrypt(data []byte, phrases []secret.Bytes) (secret.Bytes, error) {
	block, _ := pem.Decode(data)
	der := data
	if block != nil {
		der = block.Bytes
	}
	legacy := block != nil && x509.IsEncryptedPEMBlock(block) //nolint:staticcheck // that is how such keys are
	if !legacy && !isSealed(der) {
		return bytes.Clone(data), nil
	}
	for _, phrase := range phrases {
		if legacy {
			if open, err := x509.DecryptPEMBlock(block, phrase); err == nil {
				return pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: open}), nil
			}
			continue
		}
		open, err := unseal(der, phrase)
		if err == nil {
			return open, nil
		}
		if !errors.Is(err, errPassphrase) {
			return nil, err
		}
	}
	return nil, errLocked
}

// openContainer reads a PKCS #12 file with one of some passphrases, or with none.
func openContainer(data []byte, phrases []secret.Bytes) (secret.Bytes, []*x509.Certificate, error) {
	for _, phrase := range append(phrases, nil) {
		key, leaf, others, err := pkcs12.DecodeChain(data, string(phrase))
		if errors.Is(err, pkcs12.ErrIncorrectPassword) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return der, append([]*x509.Certificate{leaf}, others...), err
	}
	return nil, nil, errLocked
}
