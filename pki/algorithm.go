package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"
)

// Algorithm is a kind of key.
type Algorithm string

// The algorithms. Windows and Apple know the RSA and the first two ECDSA ones.
const (
	RSA2048   Algorithm = "rsa2048"
	RSA3072   Algorithm = "rsa3072"
	RSA4096   Algorithm = "rsa4096"
	ECDSAP256 Algorithm = "ecdsa-p256"
	ECDSAP384 Algorithm = "ecdsa-p384"
	ECDSAP521 Algorithm = "ecdsa-p521"
	Ed25519   Algorithm = "ed25519"
)

// Algorithms lists all algorithms.
func Algorithms() []Algorithm {
	return []Algorithm{RSA2048, RSA3072, RSA4096, ECDSAP256, ECDSAP384, ECDSAP521, Ed25519}
}

// or returns a default for an algorithm that is not given.
func (a Algorithm) or(other Algorithm) Algorithm {
	if a == "" {
		return other
	}
	return a
}

// generate makes a key.
func (a Algorithm) generate() (crypto.Signer, error) {
	switch a {
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case RSA4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	case ECDSAP256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case ECDSAP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case ECDSAP521:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	var names []string
	for _, known := range Algorithms() {
		names = append(names, string(known))
	}
	return nil, fmt.Errorf("there is no algorithm %q; there are %s", a, strings.Join(names, ", "))
}

// algorithmOf tells of which kind a key is; "" for one that is not made here.
func algorithmOf(public crypto.PublicKey) Algorithm {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return Algorithm(fmt.Sprintf("rsa%d", key.N.BitLen()))
	case *ecdsa.PublicKey:
		return Algorithm(fmt.Sprintf("ecdsa-p%d", key.Params().BitSize))
	case ed25519.PublicKey:
		return Ed25519
	}
	return ""
}
