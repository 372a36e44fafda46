//go:build !purego

package aesgcm

import "unsafe"

// seal encrypts src to dst and computes the tag.
func (k *key) seal(with Implementation, dst, src, nonce, aad []byte, tag *[blockSize]byte) {
	var acc [blockSize]byte
	k.hashAll(with, &acc, aad)
	seal512(k, unsafe.SliceData(dst), unsafe.SliceData(src), len(src), &nonce[0], unsafe.SliceData(aad), len(aad), &acc, tag)
}

// open decrypts src to dst and computes the tag that src should have.
func (k *key) open(with Implementation, dst, src, nonce, aad []byte, tag *[blockSize]byte) {
	var acc [blockSize]byte
	k.hashAll(with, &acc, aad)
	open512(k, unsafe.SliceData(dst), unsafe.SliceData(src), len(src), &nonce[0], unsafe.SliceData(aad), len(aad), &acc, tag)
}

// hashAll adds all blocks of aad but the last to GHASH. The associated data of a packet is rarely longer than one.
func (k *key) hashAll(with Implementation, acc *[blockSize]byte, aad []byte) {
	if len(aad) > blockSize {
		ghash512(k, acc, &aad[0], (len(aad)-1)&^(blockSize-1))
	}
}

// The arguments of seal512 and open512: n octets from src to dst; a nonce of 12 octets; aadLen octets of associated data,
// of which GHASH has taken all blocks but the last into acc.
//
//go:noescape
func seal512(k *key, dst, src *byte, n int, nonce, aad *byte, aadLen int, acc, tag *[blockSize]byte)

//go:noescape
func open512(k *key, dst, src *byte, n int, nonce, aad *byte, aadLen int, acc, tag *[blockSize]byte)

// ghash512 adds n octets of whole blocks to GHASH.
//
//go:noescape
func ghash512(k *key, acc *[blockSize]byte, blocks *byte, n int)

// subWord applies the S-box to four octets (FIPS 197, Section 5.2).
func subWord(w uint32) uint32

// encryptZero encrypts the zero block.
//
//go:noescape
func encryptZero(k *key, out *[blockSize]byte)

// multiply multiplies two field elements as the table of powers has them.
//
//go:noescape
func multiply(product, x, y *[blockSize]byte)

// features7 returns ECX of the processor's leaf 7, where VAES and VPCLMULQDQ are.
func features7() uint32
