package suite

import (
	"crypto/mlkem"
	"io"

	"culvert/secret"
)

// mlkem768 and mlkem1024 are ML-KEM of the standard library, whose encapsulation draws from the system's randomness by
// itself.
func mlkem768() keyEncapsulation {
	return keyEncapsulation{
		seedSize: mlkem.SeedSize,
		generate: func(seed []byte) (share, error) {
			key, err := mlkem.NewDecapsulationKey768(seed)
			if err != nil {
				return nil, err
			}
			return &mlkemShare{key: key, own: key.EncapsulationKey().Bytes()}, nil
		},
		encapsulate: func(peer []byte, _ io.Reader) (ciphertext, shared []byte, err error) {
			return encapsulateMLKEM(mlkem.NewEncapsulationKey768, mlkem.EncapsulationKeySize768, peer)
		},
	}
}

func mlkem1024() keyEncapsulation {
	return keyEncapsulation{
		seedSize: mlkem.SeedSize,
		generate: func(seed []byte) (share, error) {
			key, err := mlkem.NewDecapsulationKey1024(seed)
			if err != nil {
				return nil, err
			}
			return &mlkemShare{key: key, own: key.EncapsulationKey().Bytes()}, nil
		},
		encapsulate: func(peer []byte, _ io.Reader) (ciphertext, shared []byte, err error) {
			return encapsulateMLKEM(mlkem.NewEncapsulationKey1024, mlkem.EncapsulationKeySize1024, peer)
		},
	}
}

// encapsulateMLKEM answers an encapsulation key, of which the library checks that every coefficient is below the modulus
// (FIPS 203, Section 7.2).
func encapsulateMLKEM[K interface {
	Encapsulate() (shared, ciphertext []byte)
}](parse func([]byte) (K, error), size int, peer []byte) (ciphertext, shared []byte, err error) {
	if len(peer) != size {
		return nil, nil, ErrPublicLength
	}
	key, err := parse(peer)
	if err != nil {
		return nil, nil, ErrPublicValue
	}
	shared, ciphertext = key.Encapsulate()
	return ciphertext, shared, nil
}

// mlkemShare is the initiator's key pair.
type mlkemShare struct {
	key interface {
		Decapsulate(ciphertext []byte) ([]byte, error)
	}
	own []byte
}

func (s *mlkemShare) public() []byte { return s.own }
func (s *mlkemShare) clear()         { s.key = nil }

// finish decapsulates. The length is all that can be wrong with a ciphertext (FIPS 203, Section 7.3): one that was not made
// for this key gives another secret than the peer's (implicit rejection).
func (s *mlkemShare) finish(peer []byte) (secret.Bytes, error) {
	shared, err := s.key.Decapsulate(peer)
	if err != nil {
		return nil, ErrPublicLength
	}
	return shared, nil
}
