package suite

import "encoding/binary"

// aeadIV is the IV length of every combined-mode transform of ESP and IKE (RFC 5282, Section 3.1).
const aeadIV = 8

// espCombined is ESP with a combined-mode cipher (RFC 4106, RFC 4309, RFC 7634).
type espCombined struct {
	aead *saltedAEAD
	esn  bool
	aad  [espHeader + 4]byte // SPI | 64-bit sequence number, when the SA has ESN
}

func (c *espCombined) IVLen() int    { return aeadIV }
func (c *espCombined) ICVLen() int   { return c.aead.icv }
func (c *espCombined) BlockLen() int { return espAlign }
func (c *espCombined) Clear()        { c.aead.clear() }

func (c *espCombined) Seal(pkt []byte, seq uint64) {
	c.SealFrom(pkt, pkt[espHeader+aeadIV:len(pkt)-c.aead.icv], seq)
}

func (c *espCombined) SealFrom(pkt, text []byte, seq uint64) {
	iv := pkt[espHeader : espHeader+aeadIV]
	binary.BigEndian.PutUint64(iv, seq)
	c.aead.Seal(pkt[espHeader+aeadIV:espHeader+aeadIV], c.aead.with(iv), text, c.associated(pkt, seq))
}

func (c *espCombined) Open(pkt []byte, seq uint64) ([]byte, error) {
	if len(pkt) < espHeader+aeadIV+c.aead.icv {
		return nil, ErrAuthentication
	}
	iv, sealed := pkt[espHeader:espHeader+aeadIV], pkt[espHeader+aeadIV:]
	text, err := c.aead.Open(sealed[:0], c.aead.with(iv), sealed, c.associated(pkt, seq))
	if err != nil {
		return nil, ErrAuthentication
	}
	return text, nil
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
