package suite

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"

	"culvert/wire"
)

// A PRF is a pseudorandom function of IKEv2 (RFC 7296, Section 2.13). It is stateless and safe for concurrent use.
type PRF struct {
	id   wire.TransformID
	size int
	new  func(key []byte) hash.Hash
}

// NewPRF returns the PRF with an id of the registry, or an *UnsupportedError.
func NewPRF(id wire.TransformID) (*PRF, error) {
	switch id {
	case wire.PRFHMACSHA1: // (RFC 7296, Section 3.3.2)
		return newHMACPRF(id, sha1.New, sha1.Size), nil
	case wire.PRFHMACSHA256: // (RFC 4868, Section 2.1), as the next two
		return newHMACPRF(id, sha256.New, sha256.Size), nil
	case wire.PRFHMACSHA384:
		return newHMACPRF(id, sha512.New384, sha512.Size384), nil
	case wire.PRFHMACSHA512:
		return newHMACPRF(id, sha512.New, sha512.Size), nil
	case wire.PRFAES128XCBC: // (RFC 4434)
		return &PRF{id: id, size: blockMACKey, new: newXCBCPRF}, nil
	case wire.PRFAES128CMAC: // (RFC 4615)
		return &PRF{id: id, size: blockMACKey, new: newCMACPRF}, nil
	}
	return nil, &UnsupportedError{Transform: wire.Transform{Type: wire.TransformPRF, ID: id}}
}

func newHMACPRF(id wire.TransformID, h func() hash.Hash, size int) *PRF {
	return &PRF{id: id, size: size, new: func(key []byte) hash.Hash { return hmac.New(h, key) }}
}

// newXCBCPRF fits a key of any length: shorter ones are padded with zeroes, longer ones replaced by their MAC under a zero
// key (RFC 4434, Section 2).
func newXCBCPRF(key []byte) hash.Hash {
	var fitted [blockMACKey]byte
	if len(key) > blockMACKey {
		key = digest(newXCBC(fitted), key)
	}
	copy(fitted[:], key)
	return newXCBC(fitted)
}

// newCMACPRF fits a key of any length: one that is not 16 octets long is replaced by its MAC under a zero key (RFC 4615,
// Section 3).
func newCMACPRF(key []byte) hash.Hash {
	if len(key) != blockMACKey {
		key = digest(newCMAC([blockMACKey]byte{}), key)
	}
	return newCMAC([blockMACKey]byte(key))
}

func digest(h hash.Hash, data []byte) []byte {
	h.Write(data)
	return h.Sum(nil)
}

// ID returns the transform id of the PRF.
func (p *PRF) ID() wire.TransformID { return p.id }

// KeySize is the preferred key length in octets, which SK_d, SK_pi and SK_pr have (RFC 7296, Section 2.14).
func (p *PRF) KeySize() int { return p.size }

// Sum returns prf(key, data[0] | data[1] | ...).
func (p *PRF) Sum(key []byte, data ...[]byte) []byte {
	mac := p.new(key)
	for _, d := range data {
		mac.Write(d)
	}
	return mac.Sum(make([]byte, 0, p.size))
}

// Plus returns the first n octets of prf+(key, seed), which ends after 255 blocks (RFC 7296, Section 2.13).
func (p *PRF) Plus(key, seed []byte, n int) ([]byte, error) {
	if n < 0 || n > 255*p.size {
		return nil, fmt.Errorf("prf+ of %d octets: at most %d can be had from %s", n, 255*p.size,
			TransformName(wire.Transform{Type: wire.TransformPRF, ID: p.id}))
	}
	mac := p.new(key)
	stream := make([]byte, 0, n)
	block := make([]byte, 0, p.size) // T1, T2, ...: each covers the one before, the seed and its number
	defer func() { clear(block) }()
	for number := byte(1); len(stream) < n; number++ {
		mac.Reset()
		mac.Write(block)
		mac.Write(seed)
		mac.Write([]byte{number})
		block = mac.Sum(block[:0])
		stream = append(stream, block[:min(p.size, n-len(stream))]...)
	}
	return stream, nil
}

// skeyseedKey returns the key of the PRF that makes SKEYSEED. The two PRFs with keys of fixed length take the first 64
// bits of each nonce, the others all of both (RFC 7296, Section 2.14).
func (p *PRF) skeyseedKey(ni, nr []byte) []byte {
	if p.id == wire.PRFAES128XCBC || p.id == wire.PRFAES128CMAC {
		ni, nr = ni[:min(len(ni), 8)], nr[:min(len(nr), 8)]
	}
	return append(append([]byte(nil), ni...), nr...)
}
