package suite

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
)

// ccmNonce is the nonce length of CCM with a 4-octet length field: 3 octets of salt and 8 of IV (RFC 4309, Section 4).
const ccmNonce = 11

// ccm is AES-CCM with L = 4 as a cipher.AEAD. Unlike those of the standard library it is for one goroutine at a time.
type ccm struct {
	counterMode
	mac  [aes.BlockSize]byte
	mask [aes.BlockSize]byte // E(counter block 0), which hides the MAC
	icv  int
}

var _ cipher.AEAD = (*ccm)(nil)

func newCCM(key []byte, icv int) (*ccm, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return &ccm{counterMode: counterMode{block: block}, icv: icv}, nil
}

func (c *ccm) NonceSize() int { return ccmNonce }
func (c *ccm) Overhead() int  { return c.icv }

func (c *ccm) Seal(dst, nonce, plaintext, aad []byte) []byte {
	c.authenticate(nonce, plaintext, aad)
	n := len(dst)
	dst = append(dst, plaintext...)
	c.begin(nonce)
	c.xor(dst[n:])
	return append(dst, c.tag()...)
}

func (c *ccm) Open(dst, nonce, ciphertext, aad []byte) ([]byte, error) {
	end := len(ciphertext) - c.icv
	if end < 0 {
		return nil, ErrAuthentication
	}
	n := len(dst)
	dst = append(dst, ciphertext[:end]...)
	c.begin(nonce)
	c.xor(dst[n:])
	c.authenticate(nonce, dst[n:], aad)
	if subtle.ConstantTimeCompare(c.tag(), ciphertext[end:]) != 1 {
		clear(dst[n:])
		return nil, ErrAuthentication
	}
	return dst, nil
}

// begin computes the mask from counter block 0 and leaves the counter at 1, the first block of the text.
func (c *ccm) begin(nonce []byte) {
	var prefix [1 + ccmNonce]byte
	prefix[0] = 3 // L - 1
	copy(prefix[1:], nonce)
	c.start(prefix[:], 0)
	clear(c.mask[:])
	c.xor(c.mask[:])
}

// tag returns the encrypted MAC, cut to the length of the ICV.
func (c *ccm) tag() []byte {
	subtle.XORBytes(c.mac[:], c.mac[:], c.mask[:])
	return c.mac[:c.icv]
}

// authenticate computes the CBC-MAC over B_0, the associated data and the plaintext (RFC 3610, Section 2.2).
func (c *ccm) authenticate(nonce, plaintext, aad []byte) {
	clear(c.mac[:])
	c.mac[0] = byte(c.icv-2)/2<<3 | 3
	if len(aad) > 0 {
		c.mac[0] |= 1 << 6
	}
	copy(c.mac[1:], nonce)
	binary.BigEndian.PutUint32(c.mac[1+ccmNonce:], uint32(len(plaintext)))
	c.block.Encrypt(c.mac[:], c.mac[:])
	c.foldAssociated(aad)
	c.fold(plaintext, 0)
}

// foldAssociated absorbs the associated data behind its length, which takes 2 octets below 0xff00 and 6 from there on.
func (c *ccm) foldAssociated(aad []byte) {
	var length [6]byte
	switch n := len(aad); {
	case n == 0:
		return
	case n < 0xff00:
		binary.BigEndian.PutUint16(length[:], uint16(n))
		subtle.XORBytes(c.mac[:], c.mac[:], length[:2])
		c.fold(aad, 2)
	default:
		binary.BigEndian.PutUint16(length[:], 0xfffe)
		binary.BigEndian.PutUint32(length[2:], uint32(n))
		subtle.XORBytes(c.mac[:], c.mac[:], length[:])
		c.fold(aad, 6)
	}
}

// fold absorbs data, zero-padded to whole blocks; the first at octets of the first block are already in the MAC.
func (c *ccm) fold(data []byte, at int) {
	for len(data) > 0 {
		n := subtle.XORBytes(c.mac[at:], c.mac[at:], data)
		c.block.Encrypt(c.mac[:], c.mac[:])
		data = data[n:]
		at = 0
	}
}
