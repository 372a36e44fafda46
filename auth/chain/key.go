package chain

import (
	"crypto"
	"crypto/x509"

	"github.com/cloudflare/circl/sign/ed448"

	"culvert/auth/keys"
)

// PublicKey returns the key of a certificate, an ed448.PublicKey included.
func PublicKey(c *x509.Certificate) (crypto.PublicKey, error) {
	if c.PublicKey != nil {
		return c.PublicKey, nil
	}
	return keys.ParsePublic(c.RawSubjectPublicKeyInfo)
}

// keyName names the key of a certificate for people.
func keyName(c *x509.Certificate) string {
	pub, err := PublicKey(c)
	if err != nil {
		return "unknown"
	}
	return keys.Name(pub)
}

func hasEd448Key(c *x509.Certificate) bool {
	_, ok := ed448Key(c)
	return ok
}

func ed448Key(c *x509.Certificate) (ed448.PublicKey, bool) {
	pub, err := PublicKey(c)
	key, ok := pub.(ed448.PublicKey)
	return key, ok && err == nil
}
