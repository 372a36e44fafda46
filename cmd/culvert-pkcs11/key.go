//go:build cgo

package main

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/big"

	"github.com/miekg/pkcs11"

	"culvert/keystore/token"
)

// A key is a private one in a token, behind a session that is logged in.
type key struct {
	in     *session
	handle pkcs11.ObjectHandle
	kind   uint
	always bool   // the PIN is wanted for each signature
	public []byte // SubjectPublicKeyInfo
}

func (k *key) close() { k.in.close() }

// openKey finds a private key.
func (m *module) openKey(o token.Object, pin []byte) (*key, error) {
	t, err := m.find(o)
	if err != nil {
		return nil, err
	}
	s, err := t.session()
	if err != nil {
		return nil, err
	}
	k, err := s.openKey(o, pin)
	if err != nil {
		s.close()
		return nil, err
	}
	return k, nil
}

func (s *session) openKey(o token.Object, pin []byte) (*key, error) {
	if err := s.login(pin); err != nil {
		return nil, err
	}
	handle, err := s.private(o)
	if err != nil {
		return nil, err
	}
	k := &key{in: s, handle: handle, kind: number(s.attribute(handle, pkcs11.CKA_KEY_TYPE))}
	always := s.attribute(handle, pkcs11.CKA_ALWAYS_AUTHENTICATE)
	k.always = len(always) > 0 && always[0] != 0
	if k.public = k.publicKey(); k.public == nil {
		return nil, s.because("it has no public key of the private one", errors.New("neither a public key nor a certificate has its id"))
	}
	return k, nil
}

// private finds the private key that an object names, by the id of a certificate with the key identifier if there is no other.
func (s *session) private(o token.Object) (pkcs11.ObjectHandle, error) {
	id, err := hex.DecodeString(o.ID)
	if err != nil {
		return 0, err
	}
	found, err := s.objects(pkcs11.CKO_PRIVATE_KEY, id, []byte(o.Label))
	if err == nil && len(found) == 0 {
		if id, err = hex.DecodeString(s.byKeyID(o.ID)); len(id) > 0 && err == nil {
			found, err = s.objects(pkcs11.CKO_PRIVATE_KEY, id, nil)
		}
	}
	switch {
	case err != nil:
		return 0, err
	case len(found) == 0:
		return 0, s.absent(o, s.place.String()+" has no such private key")
	}
	return found[0], nil
}

// publicKey finds the other half: a public key with the same id, the certificate, or what the private key tells of itself.
func (k *key) publicKey() []byte {
	id := k.in.attribute(k.handle, pkcs11.CKA_ID)
	if len(id) > 0 {
		if found, err := k.in.objects(pkcs11.CKO_PUBLIC_KEY, id, nil); err == nil && len(found) > 0 {
			if der := k.exported(found[0]); der != nil {
				return der
			}
		}
		if certs, err := k.in.certificates(id, nil); err == nil && len(certs) > 0 {
			if c, err := x509.ParseCertificate(certs[0].DER); err == nil {
				return c.RawSubjectPublicKeyInfo
			}
		}
	}
	return k.exported(k.handle)
}

// exported reads a public key from the attributes of an object.
func (k *key) exported(o pkcs11.ObjectHandle) []byte {
	switch k.kind {
	case pkcs11.CKK_RSA:
		n, e := k.in.attribute(o, pkcs11.CKA_MODULUS), k.in.attribute(o, pkcs11.CKA_PUBLIC_EXPONENT)
		exponent := new(big.Int).SetBytes(e)
		if len(n) == 0 || !exponent.IsInt64() || exponent.Int64() <= 0 || exponent.Int64() > 1<<31-1 {
			return nil
		}
		der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())})
		if err != nil {
			return nil
		}
		return der
	case pkcs11.CKK_EC:
		return curveKey(k.in.attribute(o, pkcs11.CKA_EC_PARAMS), k.in.attribute(o, pkcs11.CKA_EC_POINT))
	case keyEdwards:
		return edwardsKey(k.in.attribute(o, pkcs11.CKA_EC_PARAMS), k.in.attribute(o, pkcs11.CKA_EC_POINT))
	}
	return nil
}

// curveKey makes a SubjectPublicKeyInfo of the parameters of a curve and a point on it in an OCTET STRING (RFC 5480, Section 2).
func curveKey(params, wrapped []byte) []byte {
	var point []byte
	if rest, err := asn1.Unmarshal(wrapped, &point); err != nil || len(rest) > 0 {
		return nil
	}
	der, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}, Parameters: asn1.RawValue{FullBytes: params}},
		asn1.BitString{Bytes: point, BitLength: 8 * len(point)},
	})
	if err != nil {
		return nil
	}
	return der
}

// number reads a CK_ULONG, which is as long as the machine's and in its order.
func number(b []byte) uint {
	switch len(b) {
	case 4:
		return uint(binary.NativeEndian.Uint32(b))
	case 8:
		return uint(binary.NativeEndian.Uint64(b))
	}
	return pkcs11.CKK_VENDOR_DEFINED
}
