package suite

import (
	"crypto/ecdh"
	"errors"
	"io"

	"culvert/secret"
	"culvert/wire"
)

// uncompressed is the prefix that libraries want before the two coordinates; IKE sends the coordinates alone (RFC 5903,
// Section 7).
const uncompressed = 4

// ecpShare is a share on a NIST curve.
type ecpShare struct {
	key *ecdh.PrivateKey
}

func newECPShare(method wire.TransformID, rand io.Reader) (share, error) {
	curve, size := ecdh.P256(), 32
	switch method {
	case wire.KEECP384:
		curve, size = ecdh.P384(), 48
	case wire.KEECP521:
		curve, size = ecdh.P521(), 66
	}
	key, err := drawKey(rand, size, func(scalar []byte) (*ecdh.PrivateKey, error) {
		if method == wire.KEECP521 {
			scalar[0] &= 1 // the order has 521 bits
		}
		return curve.NewPrivateKey(scalar)
	})
	if err != nil {
		return nil, err
	}
	return &ecpShare{key: key}, nil
}

// errDraw means that a source of randomness gave nothing but invalid keys: it is broken.
var errDraw = errors.New("random source yields no valid private key")

// drawKey draws scalars until one makes a key: those that are zero or not below the order of the curve do not. Every second
// draw succeeds at the least.
func drawKey[K any](rand io.Reader, size int, newKey func(scalar []byte) (K, error)) (key K, err error) {
	scalar := make([]byte, size)
	defer clear(scalar)
	for range 128 {
		if _, err := io.ReadFull(rand, scalar); err != nil {
			return key, err
		}
		if key, err := newKey(scalar); err == nil {
			return key, nil
		}
	}
	return key, errDraw
}

func (s *ecpShare) public() []byte { return s.key.PublicKey().Bytes()[1:] }
func (s *ecpShare) clear()         {}

// finish returns the x coordinate of the common point (RFC 5903, Section 7, as corrected from RFC 4753). The library
// checks that the peer's point satisfies the equation of the curve (RFC 6989, Section 2.3).
func (s *ecpShare) finish(peer []byte) (secret.Bytes, error) {
	if len(peer) != len(s.public()) {
		return nil, ErrPublicLength
	}
	point, err := s.key.Curve().NewPublicKey(append([]byte{uncompressed}, peer...))
	if err != nil {
		return nil, ErrPublicValue
	}
	x, err := s.key.ECDH(point)
	if err != nil {
		return nil, ErrPublicValue
	}
	return x, nil
}
