package suite

import (
	"crypto/elliptic"
	"errors"
	"io"
	"math/big"

	"github.com/ProtonMail/go-crypto/brainpool"

	"culvert/secret"
	"culvert/wire"
)

// brainpoolShare is a share on a Brainpool curve (RFC 6954). The library's arithmetic does not take constant time; since a
// private value serves once, an observer of the time sees each scalar at work in two multiplications at most. These curves
// are offered only when configured by name.
type brainpoolShare struct {
	curve  elliptic.Curve
	scalar []byte
	x, y   *big.Int
}

func brainpoolCurve(method wire.TransformID) elliptic.Curve {
	switch method {
	case wire.KEBrainpoolP384r1:
		return brainpool.P384r1()
	case wire.KEBrainpoolP512r1:
		return brainpool.P512r1()
	}
	return brainpool.P256r1()
}

func newBrainpoolShare(method wire.TransformID, rand io.Reader) (share, error) {
	curve := brainpoolCurve(method)
	return drawKey(rand, fieldSize(curve), func(scalar []byte) (share, error) {
		k := new(big.Int).SetBytes(scalar)
		if k.Sign() == 0 || k.Cmp(curve.Params().N) >= 0 {
			return nil, errors.New("scalar out of range")
		}
		s := &brainpoolShare{curve: curve, scalar: append([]byte(nil), scalar...)}
		s.x, s.y = curve.ScalarBaseMult(s.scalar)
		return s, nil
	})
}

// fieldSize is the length of a coordinate in octets.
func fieldSize(curve elliptic.Curve) int { return (curve.Params().BitSize + 7) / 8 }

func (s *brainpoolShare) public() []byte {
	n := fieldSize(s.curve)
	b := make([]byte, 2*n)
	s.x.FillBytes(b[:n])
	s.y.FillBytes(b[n:])
	return b
}

func (s *brainpoolShare) clear() { clear(s.scalar) }

// finish returns the x coordinate of the common point (RFC 6954, Section 3), for peers that are on the curve (RFC 6989,
// Section 2.3), with coordinates below p, which the library does not ask for.
func (s *brainpoolShare) finish(peer []byte) (secret.Bytes, error) {
	n := fieldSize(s.curve)
	if len(peer) != 2*n {
		return nil, ErrPublicLength
	}
	x, y := new(big.Int).SetBytes(peer[:n]), new(big.Int).SetBytes(peer[n:])
	p := s.curve.Params().P
	if x.Cmp(p) >= 0 || y.Cmp(p) >= 0 || !s.curve.IsOnCurve(x, y) {
		return nil, ErrPublicValue
	}
	common, _ := s.curve.ScalarMult(x, y, s.scalar)
	return common.FillBytes(make([]byte, n)), nil
}
