//go:build cgo

package main

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/miekg/pkcs11"

	"culvert/keystore/token"
)

// A digester is a hash as signatures with it name it: in a DigestInfo, and in the parameters of PSS.
type digester struct {
	oid       asn1.ObjectIdentifier
	mechanism uint
	mgf       uint
}

// digesterOf finds the names of a hash.
func digesterOf(h crypto.Hash) (digester, error) {
	nist := func(n int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, n} }
	switch h {
	case crypto.SHA1:
		return digester{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, pkcs11.CKM_SHA_1, pkcs11.CKG_MGF1_SHA1}, nil
	case crypto.SHA256:
		return digester{nist(1), pkcs11.CKM_SHA256, pkcs11.CKG_MGF1_SHA256}, nil
	case crypto.SHA384:
		return digester{nist(2), pkcs11.CKM_SHA384, pkcs11.CKG_MGF1_SHA384}, nil
	case crypto.SHA512:
		return digester{nist(3), pkcs11.CKM_SHA512, pkcs11.CKG_MGF1_SHA512}, nil
	}
	return digester{}, fmt.Errorf("tokens do not sign digests of hash %d", h)
}

// sign signs a digest, in the form of crypto.Signer.
func (k *key) sign(r token.Request) ([]byte, error) {
	mechanism, data, err := k.mechanism(r)
	if err != nil {
		return nil, err
	}
	if err := k.in.ctx.SignInit(k.in.handle, []*pkcs11.Mechanism{mechanism}, k.handle); err != nil {
		return nil, err
	}
	if k.always {
		if err := k.in.ctx.Login(k.in.handle, pkcs11.CKU_CONTEXT_SPECIFIC, string(r.PIN)); err != nil {
			return nil, err
		}
	}
	signature, err := k.in.ctx.Sign(k.in.handle, data)
	if err != nil || k.kind != pkcs11.CKK_EC {
		return signature, err
	}
	return pair(signature)
}

// mechanism says how to sign, and what.
func (k *key) mechanism(r token.Request) (*pkcs11.Mechanism, []byte, error) {
	switch k.kind {
	case pkcs11.CKK_EC:
		return pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil), r.Digest, nil
	case keyEdwards:
		return edwards(r)
	}
	d, err := digesterOf(r.Hash)
	switch {
	case err != nil:
		return nil, nil, err
	case r.PSS:
		salt := r.Salt
		if salt <= rsa.PSSSaltLengthAuto { // 0, or the length of the hash, -1
			salt = r.Hash.Size()
		}
		return pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_PSS, pkcs11.NewPSSParams(d.mechanism, d.mgf, uint(salt))), r.Digest, nil
	}
	info, err := asn1.Marshal(struct { // DigestInfo (RFC 8017, Section 9.2)
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}{pkix.AlgorithmIdentifier{Algorithm: d.oid, Parameters: asn1.NullRawValue}, r.Digest})
	return pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS, nil), info, err
}

// pair makes r and s of a token, half of the octets each, those of ASN.1 (RFC 3279, Section 2.2.3).
func pair(signature []byte) ([]byte, error) {
	if len(signature) == 0 || len(signature)%2 != 0 {
		return nil, errors.New("the signature is no pair of numbers")
	}
	half := len(signature) / 2
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])})
}
