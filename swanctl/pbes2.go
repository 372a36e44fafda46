package swanctl

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" // old files have it
	"crypto/pbkdf2"
	"crypto/sha1" // as above
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"

	"culvert/secret"
)

// errPassphrase means that a passphrase does not open a key.
var errPassphrase = errors.New("wrong passphrase")

// maxIterations bounds the work that a file asks for.
const maxIterations = 10_000_000

// sealed is an EncryptedPrivateKeyInfo (RFC 5958, Section 3).
type sealed struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

// pbes2 are the parameters of PBES2 (RFC 8018, Appendix A.4).
type pbes2 struct{ Derivation, Cipher pkix.AlgorithmIdentifier }

// pbkdf2Parameters are those of PBKDF2 (RFC 8018, Appendix A.2).
type pbkdf2Parameters struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

// isSealed tells whether a private key is encrypted as PKCS #8 has it.
func isSealed(der []byte) bool {
	var s sealed
	rest, err := asn1.Unmarshal(der, &s)
	return err == nil && len(rest) == 0 && s.Algorithm.Algorithm != nil
}

// unseal opens a private key with its passphrase: PBES2 with PBKDF2 and a block cipher in CBC mode, as openssl writes it.
func unseal(der []byte, phrase secret.Bytes) (secret.Bytes, error) {
	var s sealed
	var scheme pbes2
	var p pbkdf2Parameters
	if _, err := asn1.Unmarshal(der, &s); err != nil {
		return nil, err
	}
	if s.Algorithm.Algorithm.String() != "1.2.840.113549.1.5.13" {
		return nil, fmt.Errorf("the private key is encrypted by %v, which is not known here: encrypt it anew with openssl pkcs8 -topk8 -v2 aes-256-cbc", s.Algorithm.Algorithm)
	}
	if _, err := asn1.Unmarshal(s.Algorithm.Parameters.FullBytes, &scheme); err != nil {
		return nil, err
	}
	if _, err := asn1.Unmarshal(scheme.Derivation.Parameters.FullBytes, &p); err != nil || scheme.Derivation.Algorithm.String() != "1.2.840.113549.1.5.12" {
		return nil, errors.New("the key of the private key is not derived by PBKDF2")
	}
	return p.open(s.Data, scheme.Cipher, phrase)
}

func (p *pbkdf2Parameters) open(data []byte, algorithm pkix.AlgorithmIdentifier, phrase secret.Bytes) (secret.Bytes, error) {
	newHash := p.hash()
	length, newCipher := blockCipher(algorithm.Algorithm.String())
	var iv []byte
	if _, err := asn1.Unmarshal(algorithm.Parameters.FullBytes, &iv); err != nil || newHash == nil || newCipher == nil || p.Iterations < 1 || p.Iterations > maxIterations {
		return nil, errors.New("the private key is encrypted in a way that is not known here")
	}
	key, err := pbkdf2.Key(newHash, string(phrase), p.Salt, p.Iterations, length)
	if err != nil {
		return nil, err
	}
	defer secret.Bytes(key).Clear()
	block, err := newCipher(key)
	if err != nil {
		return nil, err
	}
	n := block.BlockSize()
	if len(iv) != n || len(data) == 0 || len(data)%n != 0 {
		return nil, errors.New("the encrypted private key has a wrong length")
	}
	open := make(secret.Bytes, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(open, data)
	pad := int(open[len(open)-1])
	var inner asn1.RawValue
	if pad == 0 || pad > n {
		return nil, errPassphrase
	}
	if rest, err := asn1.Unmarshal(open[:len(open)-pad], &inner); err != nil || len(rest) > 0 {
		return nil, errPassphrase
	}
	return open[:len(open)-pad], nil
}

// hash is that of the pseudorandom function, HMAC with SHA-1 unless something else stands there.
func (p *pbkdf2Parameters) hash() func() hash.Hash {
	switch p.PRF.Algorithm.String() {
	case "", "1.2.840.113549.2.7":
		return sha1.New
	case "1.2.840.113549.2.9":
		return sha256.New
	case "1.2.840.113549.2.10":
		return sha512.New384
	case "1.2.840.113549.2.11":
		return sha512.New
	}
	return nil
}

func blockCipher(oid string) (length int, newCipher func([]byte) (cipher.Block, error)) {
	switch oid {
	case "2.16.840.1.101.3.4.1.2":
		return 16, aes.NewCipher
	case "2.16.840.1.101.3.4.1.22":
		return 24, aes.NewCipher
	case "2.16.840.1.101.3.4.1.42":
		return 32, aes.NewCipher
	case "1.2.840.113549.3.7":
		return 24, des.NewTripleDESCipher
	}
	return 0, nil
}
