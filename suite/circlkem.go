package suite

import (
	"io"

	"github.com/cloudflare/circl/kem"
	"github.com/cloudflare/circl/kem/frodo/frodo640shake"
	circlmlkem512 "github.com/cloudflare/circl/kem/mlkem/mlkem512"

	"culvert/secret"
)

func mlkem512() keyEncapsulation { return circlKEM(circlmlkem512.Scheme()) }

// frodoKEM640 is FrodoKEM-640 with SHAKE128, of the third round of NIST's competition.
func frodoKEM640() keyEncapsulation { return circlKEM(frodo640shake.Scheme()) }

// circlKEM is a KEM of a library that does not draw randomness by itself.
func circlKEM(scheme kem.Scheme) keyEncapsulation {
	return keyEncapsulation{
		seedSize: scheme.SeedSize(),
		generate: func(seed []byte) (share, error) {
			public, private := scheme.DeriveKeyPair(seed)
			own, err := public.MarshalBinary()
			if err != nil {
				return nil, err
			}
			return &circlShare{key: private, own: own}, nil
		},
		encapsulate: func(peer []byte, rand io.Reader) (ciphertext, shared []byte, err error) {
			return encapsulateCIRCL(scheme, peer, rand)
		},
	}
}

// encapsulateCIRCL answers a public key. That of ML-KEM is checked to have every coefficient below the modulus (FIPS 203,
// Section 7.2); FrodoKEM has no invalid ones of the right length.
func encapsulateCIRCL(scheme kem.Scheme, peer []byte, rand io.Reader) (ciphertext, shared []byte, err error) {
	if len(peer) != scheme.PublicKeySize() {
		return nil, nil, ErrPublicLength
	}
	key, err := scheme.UnmarshalBinaryPublicKey(peer)
	if err != nil {
		return nil, nil, ErrPublicValue
	}
	seed := make([]byte, scheme.EncapsulationSeedSize())
	defer clear(seed)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return nil, nil, err
	}
	return scheme.EncapsulateDeterministically(key, seed)
}

// circlShare is the initiator's key pair.
type circlShare struct {
	key kem.PrivateKey
	own []byte
}

func (s *circlShare) public() []byte { return s.own }
func (s *circlShare) clear()         { s.key = nil }

// finish decapsulates; a wrong length is all that the method can see in a ciphertext.
func (s *circlShare) finish(peer []byte) (secret.Bytes, error) {
	scheme := s.key.Scheme()
	if len(peer) != scheme.CiphertextSize() {
		return nil, ErrPublicLength
	}
	shared, err := scheme.Decapsulate(s.key, peer)
	if err != nil {
		return nil, ErrPublicValue
	}
	return shared, nil
}
