package suite

import (
	"crypto"
	"culvert/secret"
	"culvert/wire"
	"errors"
	"io"
)

type KeyExchange struct{}

func NewKeyExchange(method wire.TransformID, rand io.Reader) (*KeyExchange, error) {
	return nil, errors.ErrUnsupported
}
func (k *KeyExchange) Method() wire.TransformID                 { return 0 }
func (k *KeyExchange) Public() []byte                           { return nil }
func (k *KeyExchange) Finish(peer []byte) (secret.Bytes, error) { return nil, errors.ErrUnsupported }
func RespondKeyExchange(method wire.TransformID, peer []byte, rand io.Reader) (public []byte, shared secret.Bytes, err error) {
	return nil, nil, errors.ErrUnsupported
}
func SupportedKE(method wire.TransformID) bool { return false }

// Scheme is a signature algorithm with its hash.
type Scheme uint8

const (
	SchemeNone    Scheme = iota
	SchemeRSASHA1        // PKCS#1 v1.5 with SHA-1, method 1 only
	SchemeRSASHA256
	SchemeRSASHA384
	SchemeRSASHA512
	SchemePSSSHA256
	SchemePSSSHA384
	SchemePSSSHA512
	SchemeECDSASHA256
	SchemeECDSASHA384
	SchemeECDSASHA512
	SchemeEd25519
	SchemeEd448
)

func (s Scheme) String() string { return "" }

// SignaturePolicy says which signatures are accepted; the zero value takes every scheme but SHA-1 and moduli from 2048 bits.
type SignaturePolicy struct {
	Schemes    []Scheme // nil: all but SchemeRSASHA1
	MinRSABits int      // 0: 2048; never below 1024
}

func SignatureHashes() []wire.HashAlgorithm { return nil }

// SchemesFor lists the schemes that a key can make and a peer that announced these hashes can verify, best first.
func SchemesFor(pub crypto.PublicKey, peer []wire.HashAlgorithm) []Scheme { return nil }

// Sign makes the data of an AUTH payload. Method 14 takes any scheme but SchemeRSASHA1, method 1 the RSA PKCS#1 schemes,
// methods 9, 10, 11 take SchemeECDSASHA256, 384, 512 on their one curve.
func Sign(key crypto.Signer, method wire.AuthMethod, scheme Scheme, octets []byte, rand io.Reader) ([]byte, error) {
	return nil, errors.ErrUnsupported
}
func Verify(pub crypto.PublicKey, a wire.Auth, octets []byte, allowed SignaturePolicy) error {
	return errors.ErrUnsupported
}
