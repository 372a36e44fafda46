package suite

import (
	"io"
	"math/big"
	"strings"

	"filippo.io/bigmod"

	"culvert/secret"
	"culvert/wire"
)

// A modp is a group of integers modulo a safe prime, p = 2^bits - 2^(bits-64) - 1 + 2^64 ([2^(bits-130) pi] + c), with the
// generator 2 (RFC 3526; RFC 7296, Appendix B).
type modp struct {
	bits, c  int
	exponent int // bits of private values: at least twice the strength of the group (RFC 3526, Section 8), never more
}

func modpGroup(method wire.TransformID) (modp, bool) {
	switch method {
	case wire.KEMODP1024:
		return modp{1024, 129093, 256}, true
	case wire.KEMODP1536:
		return modp{1536, 741804, 256}, true
	case wire.KEMODP2048:
		return modp{2048, 124476, 256}, true
	case wire.KEMODP3072:
		return modp{3072, 1690314, 320}, true
	case wire.KEMODP4096:
		return modp{4096, 240904, 384}, true
	case wire.KEMODP6144:
		return modp{6144, 929484, 448}, true
	case wire.KEMODP8192:
		return modp{8192, 4743158, 512}, true
	}
	return modp{}, false
}

// prime returns p in network byte order.
func (g modp) prime() []byte {
	digits := piDigits[:(g.bits-128)/4]
	edge := strings.Repeat("f", 16)
	p, _ := new(big.Int).SetString(edge+digits+edge, 16)
	c := big.NewInt(int64(g.c) - 1) // the formula's "- 1" makes the last 64 bits ones and borrows here
	return p.Add(p, c.Lsh(c, 64)).Bytes()
}

// modpShare is a private exponent x and 2^x mod p. All that touches x takes constant time.
type modpShare struct {
	modulus *bigmod.Modulus
	x       []byte
	y       []byte
}

func newMODPShare(g modp, rand io.Reader) (share, error) {
	modulus, err := bigmod.NewModulus(g.prime())
	if err != nil {
		return nil, err
	}
	x := make([]byte, g.exponent/8)
	if _, err := io.ReadFull(rand, x); err != nil {
		return nil, err
	}
	x[0] |= 0x80 // a short exponent, but not a shorter one
	two := bigmod.NewNat().SetUint(2).ExpandFor(modulus)
	y := bigmod.NewNat().Exp(two, x, modulus).Bytes(modulus)
	return &modpShare{modulus: modulus, x: x, y: y}, nil
}

func (s *modpShare) public() []byte { return s.y }
func (s *modpShare) clear()         { clear(s.x) }

// finish computes peer^x mod p, as long as p (RFC 7296, Section 2.14), for peers in 1 < y < p-1 (RFC 6989, Section 2.1).
func (s *modpShare) finish(peer []byte) (secret.Bytes, error) {
	if len(peer) != s.modulus.Size() {
		return nil, ErrPublicLength
	}
	y, err := bigmod.NewNat().SetBytes(peer, s.modulus) // refuses p and above
	if err != nil || y.IsZero()|y.IsOne()|y.IsMinusOne(s.modulus) != 0 {
		return nil, ErrPublicValue
	}
	return bigmod.NewNat().Exp(y, s.x, s.modulus).Bytes(s.modulus), nil
}
