package suite

import (
	"encoding/binary"
	"math"
)

// aeadIV is the IV length of every combined-mode transform of ESP and IKE (RFC 5282, Section 3.1).
const aeadIV = 8

// espCombined is ESP with a combined-mode cipher (RFC 4106, RFC 4309, RFC 7634). The IV is the sequence number; where it is
// implicit the packet has none (RFC 8750).
type espCombined struct {
	aead     saltedAEAD
	iv       int          // octets of it in the packet
	implicit [aeadIV]byte // one that is not in the packet
	esn      bool
	aad      [espHeader + 4]byte // SPI | 64-bit sequence number, when the SA has ESN
}

func (c *espCombined) IVLen() int    { return c.iv }
func (c *espCombined) ICVLen() int   { return int(c.aead.icv) }
func (c *espCombined) BlockLen() int { return espAlign }
func (c *espCombined) Fetch()        { c.aead.fetch() }
func (c *espCombined) Clear()        { c.aead.clear() }

func (c *espCombined) Seal(pkt []byte, seq uint64) {
	c.SealFrom(pkt, pkt[espHeader+c.iv:len(pkt)-c.ICVLen()], seq)
}

func (c *espCombined) SealFrom(pkt, text []byte, seq uint64) {
	if c.iv > 0 {
		binary.BigEndian.PutUint64(pkt[espHeader:], seq)
	}
	start := espHeader + c.iv
	c.aead.Seal(pkt[start:start], c.aead.with(c.ivOf(pkt, seq)), text, c.associated(pkt, seq))
}

func (c *espCombined) Open(pkt []byte, seq uint64) ([]byte, error) {
	if len(pkt) < espHeader+c.iv+c.ICVLen() {
		return nil, ErrAuthentication
	}
	sealed := pkt[espHeader+c.iv:]
	text, err := c.aead.Open(sealed[:0], c.aead.with(c.ivOf(pkt, seq)), sealed, c.associated(pkt, seq))
	if err != nil {
		return nil, ErrAuthentication
	}
	return text, nil
}

// ivOf returns the IV of a packet: what lies in it, or what follows from its sequence number (RFC 8750, Section 4).
func (c *espCombined) ivOf(pkt []byte, seq uint64) []byte {
	if c.iv > 0 {
		return pkt[espHeader : espHeader+c.iv]
	}
	if !c.esn {
		seq &= math.MaxUint32
	}
	binary.BigEndian.PutUint64(c.implicit[:], seq)
	return c.implicit[:]
}

// associated returns SPI and sequence number, 32 or 64 bits of it (RFC 4106, Section 5).
func (c *espCombined) associated(pkt []byte, seq uint64) []byte {
	if !c.esn {
		return pkt[:espHeader]
	}
	copy(c.aad[:4], pkt)
	binary.BigEndian.PutUint64(c.aad[4:], seq)
	return c.aad[:]
}
