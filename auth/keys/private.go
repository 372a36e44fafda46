package keys

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"

	mldsax509 "filippo.io/mldsa/x509"
	"github.com/cloudflare/circl/sign/ed448"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// ErrEncrypted means that a private key wants a passphrase, which a daemon that starts by itself cannot be told.
var ErrEncrypted = errors.New("the private key is encrypted: decrypt it with `openssl pkey -in FILE -out NEW`, and protect the file by its permissions or as a systemd credential")

// ParsePrivate reads a private key from DER: PKCS #8, PKCS #1 (RSA) or SEC 1 (EC). Encrypted keys end in ErrEncrypted.
func ParsePrivate(der []byte) (crypto.Signer, error) {
	rsaKey, errRSA := x509.ParsePKCS1PrivateKey(der)
	if errRSA == nil {
		return rsaKey, nil
	}
	ecKey, errEC := x509.ParseECPrivateKey(der)
	if errEC == nil {
		return ecKey, nil
	}
	if isEncryptedPKCS8(der) {
		return nil, ErrEncrypted
	}
	key, err := parsePKCS8(der)
	if errors.Is(err, errNoPKCS8) {
		return nil, fmt.Errorf("private key is neither PKCS #8, nor PKCS #1 (%w), nor SEC 1 (%w)", errRSA, errEC)
	}
	return key, err
}

// errNoPKCS8 means that something is no PrivateKeyInfo.
var errNoPKCS8 = errors.New("malformed PKCS #8 private key")

// parsePKCS8 reads a PrivateKeyInfo (RFC 5208, Section 5; RFC 8410, Section 7).
func parsePKCS8(der []byte) (crypto.Signer, error) {
	algorithm, parameters, key, err := splitPKCS8(der)
	if err != nil {
		return nil, err
	}
	if set, ok := mldsaParameters(algorithm); ok && isBoth(key) {
		return parseBoth(set, key)
	}
	if algorithm.Equal(OIDRSAPSS()) {
		return parsePSSPrivate(parameters, key)
	}
	if !algorithm.Equal(OIDEd448()) {
		return signer(der)
	}
	inner := cryptobyte.String(key)
	var seed []byte
	if !inner.ReadASN1Bytes(&seed, casn1.OCTET_STRING) || !inner.Empty() || len(seed) != ed448.SeedSize {
		return nil, errors.New("malformed Ed448 private key")
	}
	return ed448.NewKeyFromSeed(seed), nil
}

// splitPKCS8 returns the algorithm, its parameters and the octets of a PrivateKeyInfo.
func splitPKCS8(der []byte) (algorithm asn1.ObjectIdentifier, parameters, key []byte, err error) {
	input := cryptobyte.String(der)
	var info, identifier cryptobyte.String
	var version int
	if !input.ReadASN1(&info, casn1.SEQUENCE) || !input.Empty() || !info.ReadASN1Integer(&version) || version > 1 ||
		!info.ReadASN1(&identifier, casn1.SEQUENCE) || !identifier.ReadASN1ObjectIdentifier(&algorithm) ||
		!info.ReadASN1Bytes(&key, casn1.OCTET_STRING) {
		return nil, nil, nil, errNoPKCS8
	}
	return algorithm, identifier, key, nil
}

// isEncryptedPKCS8 recognizes an EncryptedPrivateKeyInfo (RFC 5208, Section 6): an AlgorithmIdentifier comes first.
func isEncryptedPKCS8(der []byte) bool {
	input := cryptobyte.String(der)
	var info, identifier cryptobyte.String
	var data []byte
	return input.ReadASN1(&info, casn1.SEQUENCE) && info.ReadASN1(&identifier, casn1.SEQUENCE) &&
		info.ReadASN1Bytes(&data, casn1.OCTET_STRING) && info.Empty()
}

// signer reads a PrivateKeyInfo of an algorithm that crypto/x509 knows, or of ML-DSA as a seed.
func signer(der []byte) (crypto.Signer, error) {
	key, err := mldsax509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	s, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a key of type %T cannot sign", key)
	}
	return s, nil
}
