package suite

import (
	"encoding/binary"
	"io"

	"culvert/prefetch"
)

// espSeparate is ESP with an encryption and an integrity transform: encrypt, then MAC; verify, then decrypt (RFC 4303,
// Sections 3.3.2 and 3.4.4).
type espSeparate struct {
	cipher bareCipher
	mac    *integrity
	other  int // octets of the ICV that a peer may have by mistake, until a packet was opened; 0: none
	iv     ivSource
	ivLen  int
	block  int
	esn    bool
	high   [4]byte // upper half of the sequence number
}

func newESPSeparate(e ESP, props encryption, encrKey, integKey []byte, rand io.Reader) (*espSeparate, error) {
	c := &espSeparate{ivLen: props.iv, block: max(props.block, espAlign), esn: e.ESN}
	var err error
	if c.mac, err = newIntegrity(e.INTEG, integKey); err != nil {
		return nil, err
	}
	c.truncate(e)
	if c.cipher, err = newBareCipher(e.ENCR, props, encrKey); err != nil {
		return nil, err
	}
	c.iv, err = newIVSource(props, rand)
	return c, err
}

// truncate has the MAC cut to the length of e.
func (c *espSeparate) truncate(e ESP) {
	switch {
	case e.Draft:
		c.mac.icv, c.other = draftICV, c.mac.icv
	case e.Ambiguous():
		c.other = draftICV
	}
}

func (c *espSeparate) IVLen() int    { return c.ivLen }
func (c *espSeparate) ICVLen() int   { return c.mac.icv }
func (c *espSeparate) BlockLen() int { return c.block }

// Fetch asks for the cipher's beginning: the standard library keeps what is behind it to itself.
func (c *espSeparate) Fetch() { prefetch.Object(c) }

// Clear does nothing: the standard library gives no access to its copies of the keys.
func (c *espSeparate) Clear() {}

func (c *espSeparate) Seal(pkt []byte, seq uint64) {
	end := len(pkt) - c.mac.icv
	iv, text := pkt[espHeader:espHeader+c.ivLen], pkt[espHeader+c.ivLen:end]
	c.iv.put(iv, seq)
	c.cipher.encrypt(iv, text)
	copy(pkt[end:], c.mac.of(pkt[:end], c.tail(seq)))
}

func (c *espSeparate) SealFrom(pkt, text []byte, seq uint64) {
	copy(pkt[espHeader+c.ivLen:], text)
	c.Seal(pkt, seq)
}

func (c *espSeparate) Open(pkt []byte, seq uint64) ([]byte, error) {
	end := len(pkt) - c.mac.icv
	n := end - espHeader - c.ivLen
	if n < 0 || n%c.block != 0 || !c.mac.verify(pkt[:end], c.tail(seq), pkt[end:]) {
		return nil, c.refusal(pkt, seq)
	}
	c.other = 0
	iv, text := pkt[espHeader:espHeader+c.ivLen], pkt[espHeader+c.ivLen:end]
	c.cipher.decrypt(iv, text)
	return text, nil
}

// refusal is why a packet is refused. No packet is taken with an ICV of the other length.
func (c *espSeparate) refusal(pkt []byte, seq uint64) error {
	end := len(pkt) - c.other
	if c.other == 0 || end < espHeader+c.ivLen {
		return ErrAuthentication
	}
	own := c.mac.icv
	c.mac.icv = c.other
	defer func() { c.mac.icv = own }()
	if c.mac.verify(pkt[:end], c.tail(seq), pkt[end:]) {
		return ErrTruncation
	}
	return ErrAuthentication
}

// tail is what the MAC covers after the packet: the upper half of the sequence number with ESN, or nothing (RFC 4303,
// Section 2.2.1).
func (c *espSeparate) tail(seq uint64) []byte {
	if !c.esn {
		return nil
	}
	binary.BigEndian.PutUint32(c.high[:], uint32(seq>>32))
	return c.high[:]
}
