//go:build cgo

package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/asn1"
	"errors"

	"github.com/miekg/pkcs11"

	"culvert/keystore/token"
)

// Keys on Edwards curves came with PKCS #11 3.0 (Section 2.3), which our headers are older than.
const (
	keyEdwards  = 0x40   // CKK_EC_EDWARDS
	signEdwards = 0x1057 // CKM_EDDSA
)

// edwardsKey makes a SubjectPublicKeyInfo of an Ed25519 key (RFC 8410, Section 4); nil of other curves. The curve has its name or its
// object identifier, and the point is in an OCTET STRING or not: PKCS #11 3.1 takes back what 3.0 says, and tokens do either.
func edwardsKey(params, point []byte) []byte {
	named := []byte("\x13\x0cedwards25519")
	numbered := []byte{0x06, 0x03, 0x2b, 0x65, 0x70}
	if !bytes.Equal(params, named) && !bytes.Equal(params, numbered) {
		return nil
	}
	var inside []byte
	if rest, err := asn1.Unmarshal(point, &inside); len(point) != ed25519.PublicKeySize && err == nil && len(rest) == 0 {
		point = inside
	}
	if len(point) != ed25519.PublicKeySize {
		return nil
	}
	der, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(point))
	if err != nil {
		return nil
	}
	return der
}

// edwards signs the message itself.
func edwards(r token.Request) (*pkcs11.Mechanism, []byte, error) {
	if r.Hash != 0 {
		return nil, nil, errors.New("keys on Edwards curves sign messages, not digests")
	}
	return pkcs11.NewMechanism(signEdwards, nil), r.Digest, nil
}
