package suite

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
)

// counterMode is AES in counter mode with a 32-bit big-endian block counter at the end of the counter block, as AES-CTR
// (RFC 3686, Section 4) and AES-CCM with L = 4 (RFC 4309, Section 4) use it. It is for one goroutine at a time.
type counterMode struct {
	block  cipher.Block
	next   [aes.BlockSize]byte     // the counter block to encrypt next
	stream [8 * aes.BlockSize]byte // key stream; several blocks at once, so that the XOR is done in wide words
}

// start sets the counter block: prefix, then zeroes, then the 32-bit counter.
func (c *counterMode) start(prefix []byte, counter uint32) {
	clear(c.next[copy(c.next[:], prefix):])
	binary.BigEndian.PutUint32(c.next[aes.BlockSize-4:], counter)
}

// xor encrypts or decrypts data in place. Each call starts at a new block.
func (c *counterMode) xor(data []byte) {
	for len(data) > 0 {
		n := min(len(data), len(c.stream))
		for i := 0; i < n; i += aes.BlockSize {
			c.block.Encrypt(c.stream[i:i+aes.BlockSize], c.next[:])
			count := c.next[aes.BlockSize-4:]
			binary.BigEndian.PutUint32(count, binary.BigEndian.Uint32(count)+1)
		}
		subtle.XORBytes(data, data[:n], c.stream[:])
		data = data[n:]
	}
}
