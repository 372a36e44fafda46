package auth

import (
	"crypto"
	"crypto/x509"
	"fmt"

	"culvert/auth/chain"
	"culvert/auth/keys"
	"culvert/wire"
)

// maxCerts bounds the CERT payloads that we send and accept in a message. At least four must work (RFC 7296, Section 3.6).
const maxCerts = 16

// A Credential is a private key with what shows it to a peer: a certificate chain or the bare key. Key must be safe for
// concurrent use.
type Credential struct {
	Key   crypto.Signer
	Chain []*x509.Certificate // ours first, then its authorities, the root if we have it; empty: a raw public key (RFC 7670)
}

// Elsewhere reports whether the key is in a device or another process, which signing waits for.
func (c Credential) Elsewhere() bool {
	_, elsewhere := c.Key.(interface{ Elsewhere() })
	return elsewhere
}

// name names the credential for people.
func (c Credential) name() string {
	if len(c.Chain) == 0 {
		return fmt.Sprintf("raw public key (%s)", keys.Name(c.Key.Public()))
	}
	return fmt.Sprintf("certificate \"%s\" (%s)", chain.Name(c.Chain[0]), keys.Name(c.Key.Public()))
}

// subject returns the subject of the certificate, if it has one; an empty one is no identity (RFC 4945, Section 3.1.5).
func (c Credential) subject() (Identity, bool) {
	if len(c.Chain) == 0 || len(c.Chain[0].Subject.Names) == 0 {
		return Identity{}, false
	}
	return Identity{wire.IDDERASN1DN, string(c.Chain[0].RawSubject)}, true
}

// confirms reports whether the credential shows that it belongs to an identity.
func (c Credential) confirms(id Identity) bool {
	return len(c.Chain) == 0 || Confirms(c.Chain[0], id)
}

// payloads returns the CERT payloads for a credential: our certificate first, then its authorities without the root, which
// the peer has or does not trust (RFC 7296, Section 3.6).
func (c Credential) payloads() ([]*wire.Cert, error) {
	if len(c.Chain) == 0 {
		der, err := keys.MarshalPublic(c.Key.Public())
		if err != nil {
			return nil, err
		}
		return []*wire.Cert{{Encoding: wire.CertRawPublicKey, Data: der}}, nil
	}
	var certs []*wire.Cert
	for i, cert := range c.Chain {
		if i > 0 && isRoot(cert) {
			continue
		}
		certs = append(certs, &wire.Cert{Encoding: wire.CertX509Signature, Data: cert.Raw})
	}
	if len(certs) > maxCerts {
		return nil, fmt.Errorf("the chain of our certificate has %d certificates, %d can be sent", len(certs), maxCerts)
	}
	return certs, nil
}

func isRoot(c *x509.Certificate) bool { return string(c.RawSubject) == string(c.RawIssuer) }
