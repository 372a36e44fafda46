package suite

import "encoding/binary"

// espGMAC is ENCR_NULL_AUTH_AES_GMAC: GCM with an empty plaintext and the whole packet as associated data (RFC 4543,
// Section 3.3).
type espGMAC struct {
	aead    saltedAEAD
	esn     bool
	scratch []byte // with ESN the authenticated octets are not those of the packet
}

func (c *espGMAC) IVLen() int    { return aeadIV }
func (c *espGMAC) ICVLen() int   { return int(c.aead.icv) }
func (c *espGMAC) BlockLen() int { return espAlign }
func (c *espGMAC) Fetch()        { c.aead.fetch() }
func (c *espGMAC) Clear()        { c.aead.clear() }

func (c *espGMAC) Seal(pkt []byte, seq uint64) {
	end := len(pkt) - c.ICVLen()
	iv := pkt[espHeader : espHeader+aeadIV]
	binary.BigEndian.PutUint64(iv, seq)
	c.aead.Seal(pkt[end:end], c.aead.with(iv), nil, c.associated(pkt[:end], seq))
}

func (c *espGMAC) SealFrom(pkt, text []byte, seq uint64) {
	copy(pkt[espHeader+aeadIV:], text)
	c.Seal(pkt, seq)
}

func (c *espGMAC) Open(pkt []byte, seq uint64) ([]byte, error) {
	end := len(pkt) - c.ICVLen()
	if end < espHeader+aeadIV {
		return nil, ErrAuthentication
	}
	iv := pkt[espHeader : espHeader+aeadIV]
	if _, err := c.aead.Open(nil, c.aead.with(iv), pkt[end:], c.associated(pkt[:end], seq)); err != nil {
		return nil, ErrAuthentication
	}
	return pkt[espHeader+aeadIV : end], nil
}

// associated returns SPI, sequence number of 32 or 64 bits, IV and payload.
func (c *espGMAC) associated(signed []byte, seq uint64) []byte {
	if !c.esn {
		return signed
	}
	c.scratch = append(c.scratch[:0], signed[:4]...)
	c.scratch = binary.BigEndian.AppendUint64(c.scratch, seq)
	c.scratch = append(c.scratch, signed[espHeader:]...)
	return c.scratch
}
