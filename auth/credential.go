package auth

import (
	"crypto"
	"crypto/sha1"
	"crypto/x509"
	"fmt"
	"net/netip"

	"culvert/auth/chain"
	"culvert/auth/keys"
	"culvert/auth/lookup"
	"culvert/wire"
)

// maxCerts bounds the CERT payloads that we send and accept in a message. At least four must work (RFC 7296, Section 3.6).
const maxCerts = 16

// A Credential is a private key with what shows it to a peer: a certificate chain or the bare key. Key must be safe for
// concurrent use.
type Credential struct {
	Key       crypto.Signer
	Chain     []*x509.Certificate // ours first, then its authorities, the root if we have it; empty: a raw public key (RFC 7670)
	URLs      []string            // where the certificates of Chain are, for peers that look them up; "" or missing: sent whole
	BundleURL string              // where all of them are, as one lookup.Bundle of what is sent
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

// identity returns who the owner of the credential is: the subject of the certificate, or the name of a raw key, which is all that
// ties a key to an identity that nobody has configured (RFC 7670, Section 1). charon names a key by the SHA-1 hash of its
// SubjectPublicKeyInfo; nothing rests on the hash, as the key itself is what the peer compares.
func (c Credential) identity(address netip.Addr) Identity {
	if subject, ok := c.subject(); ok {
		return subject
	}
	if der, err := keys.MarshalPublic(c.Key.Public()); err == nil && len(c.Chain) == 0 {
		sum := sha1.Sum(der)
		return Identity{wire.IDKeyID, string(sum[:])}
	}
	return AddressIdentity(address)
}

// confirms reports whether the credential shows that it belongs to an identity.
func (c Credential) confirms(id Identity) bool {
	return len(c.Chain) == 0 || Confirms(c.Chain[0], id)
}

// payloads returns the CERT payloads for a credential: our certificate first, then its authorities without the root, which
// the peer has or does not trust; by hash and URL for a peer that looks them up (RFC 7296, Section 3.6).
func (c Credential) payloads(byURL bool) ([]*wire.Cert, error) {
	if len(c.Chain) == 0 {
		der, err := keys.MarshalPublic(c.Key.Public())
		if err != nil {
			return nil, err
		}
		return []*wire.Cert{{Encoding: wire.CertRawPublicKey, Data: der}}, nil
	}
	sent := c.Sent()
	switch {
	case byURL && c.BundleURL != "":
		return []*wire.Cert{lookup.Reference(wire.CertHashURLBundle, lookup.Bundle(sent), c.BundleURL)}, nil
	case len(sent) > maxCerts:
		return nil, fmt.Errorf("the chain of our certificate has %d certificates, %d can be sent", len(sent), maxCerts)
	}
	var certs []*wire.Cert
	for i, cert := range sent {
		if byURL && i < len(c.URLs) && c.URLs[i] != "" {
			certs = append(certs, lookup.Reference(wire.CertHashURLX509, cert.Raw, c.URLs[i]))
		} else {
			certs = append(certs, &wire.Cert{Encoding: wire.CertX509Signature, Data: cert.Raw})
		}
	}
	return certs, nil
}

// Sent returns the certificates that a peer gets: the chain without roots, but ours whatever it is.
func (c Credential) Sent() []*x509.Certificate {
	var sent []*x509.Certificate
	for i, cert := range c.Chain {
		if i == 0 || !isRoot(cert) {
			sent = append(sent, cert)
		}
	}
	return sent
}

func isRoot(c *x509.Certificate) bool { return string(c.RawSubject) == string(c.RawIssuer) }
