package chain

import (
	"crypto"
	"crypto/x509"

	"culvert/auth/keys"
)

// PublicKey returns the key of a certificate, those that crypto/x509 does not know included.
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
