package suite

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"hash"
)

// blockMAC is a MAC made of AES-CBC with a mask on the last block: AES-XCBC-MAC (RFC 3566) and AES-CMAC (RFC 4493) differ
// in nothing but the way their masks come about. It is a hash.Hash of 16 octets, with the key inside.
type blockMAC struct {
	block   cipher.Block
	whole   [aes.BlockSize]byte // mask for a last block that is full
	partial [aes.BlockSize]byte // mask for one that had to be padded
	state   [aes.BlockSize]byte
	last    [aes.BlockSize]byte // input not yet encrypted: the last block has to be recognised
	n       int                 // octets in last
}

var _ hash.Hash = (*blockMAC)(nil)

// blockMACKey is the key length of both MACs as IPsec uses them.
const blockMACKey = 16

// newXCBC returns AES-XCBC-MAC-128 (RFC 3566, Section 4).
func newXCBC(key [blockMACKey]byte) *blockMAC {
	outer := newAES128(key)
	var inner [aes.BlockSize]byte
	m := &blockMAC{}
	for i, derived := range []*[aes.BlockSize]byte{&inner, &m.whole, &m.partial} {
		for j := range derived {
			derived[j] = byte(i + 1) // K1 = E(K, 0x01...), K2 = E(K, 0x02...), K3 = E(K, 0x03...)
		}
		outer.Encrypt(derived[:], derived[:])
	}
	m.block = newAES128(inner)
	return m
}

// newCMAC returns AES-CMAC (RFC 4493, Section 2.3).
func newCMAC(key [blockMACKey]byte) *blockMAC {
	m := &blockMAC{block: newAES128(key)}
	m.block.Encrypt(m.whole[:], m.whole[:])
	double(&m.whole)
	m.partial = m.whole
	double(&m.partial)
	return m
}

func newAES128(key [blockMACKey]byte) cipher.Block {
	block, _ := aes.NewCipher(key[:]) // fails for wrong key lengths alone
	return block
}

// double multiplies b by x in GF(2^128), in constant time.
func double(b *[aes.BlockSize]byte) {
	carry := b[0] >> 7
	for i := range len(b) - 1 {
		b[i] = b[i]<<1 | b[i+1]>>7
	}
	b[len(b)-1] = b[len(b)-1]<<1 ^ 0x87*carry
}

func (m *blockMAC) Size() int      { return aes.BlockSize }
func (m *blockMAC) BlockSize() int { return aes.BlockSize }

func (m *blockMAC) Reset() {
	clear(m.state[:])
	clear(m.last[:])
	m.n = 0
}

func (m *blockMAC) Write(p []byte) (int, error) {
	written := len(p)
	for len(p) > 0 {
		if m.n == aes.BlockSize {
			m.absorb(&m.last)
			m.n = 0
		}
		c := copy(m.last[m.n:], p)
		m.n += c
		p = p[c:]
	}
	return written, nil
}

// absorb encrypts one block into the state.
func (m *blockMAC) absorb(b *[aes.BlockSize]byte) {
	subtle.XORBytes(m.state[:], m.state[:], b[:])
	m.block.Encrypt(m.state[:], m.state[:])
}

// Sum appends the MAC of what was written and leaves the state as it is.
func (m *blockMAC) Sum(b []byte) []byte {
	state, last := m.state, m.last
	mask := &m.whole
	if m.n < aes.BlockSize {
		m.last[m.n] = 0x80
		clear(m.last[m.n+1:])
		mask = &m.partial
	}
	subtle.XORBytes(m.last[:], m.last[:], mask[:])
	m.absorb(&m.last)
	b = append(b, m.state[:]...)
	m.state, m.last = state, last
	return b
}
