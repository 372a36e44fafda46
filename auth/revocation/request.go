package revocation

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// nonceOctets is the length of our nonces (RFC 9654, Section 2.1).
const nonceOctets = 32

// Nonce says whether OCSP servers must prove that their answers are new.
type Nonce uint8

// The rules for nonces.
const (
	NonceTry     Nonce = iota // a nonce is sent, an answer without one is accepted (RFC 6960, Section 4.4.1)
	NonceRequire              // the answer must have it; what others show instead of it does not count
	NonceOff                  // none is sent, for servers that refuse it
)

// String returns the word of the configuration.
func (n Nonce) String() string {
	switch n {
	case NonceTry:
		return "try"
	case NonceRequire:
		return "require"
	case NonceOff:
		return "off"
	}
	return fmt.Sprintf("nonce rule %d", uint8(n))
}

// newNonce returns a nonce to send, nil if none is wanted.
func (n Nonce) newNonce() []byte {
	if n == NonceOff {
		return nil
	}
	nonce := make([]byte, nonceOctets)
	rand.Read(nonce)
	return nonce
}

// newRequest makes an OCSPRequest about one certificate, with a nonce unless it is empty (RFC 6960, Section 4.1; RFC 9654).
func newRequest(cert, issuer *x509.Certificate, nonce []byte) []byte {
	var b cryptobyte.Builder
	nest(&b, func(b *cryptobyte.Builder) {
		nest(b, func(b *cryptobyte.Builder) {
			nest(b, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidSHA1())
				b.AddASN1NULL()
			}, casn1.SEQUENCE)
			b.AddASN1OctetString(sum(crypto.SHA1, issuer.RawSubject))
			b.AddASN1OctetString(sum(crypto.SHA1, keyBits(issuer)))
			b.AddASN1BigInt(cert.SerialNumber)
		}, casn1.SEQUENCE, casn1.SEQUENCE, casn1.SEQUENCE)
		if len(nonce) == 0 {
			return
		}
		nest(b, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidNonce())
			b.AddASN1(casn1.OCTET_STRING, func(b *cryptobyte.Builder) { b.AddASN1OctetString(nonce) })
		}, casn1.Tag(2).ContextSpecific().Constructed(), casn1.SEQUENCE, casn1.SEQUENCE)
	}, casn1.SEQUENCE, casn1.SEQUENCE)
	return b.BytesOrPanic()
}

// nest adds structures, each the only element of the one before.
func nest(b *cryptobyte.Builder, content cryptobyte.BuilderContinuation, tags ...casn1.Tag) {
	if len(tags) == 0 {
		content(b)
		return
	}
	b.AddASN1(tags[0], func(b *cryptobyte.Builder) { nest(b, content, tags[1:]...) })
}

// oidNonce is id-pkix-ocsp-nonce.
func oidNonce() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2} }
