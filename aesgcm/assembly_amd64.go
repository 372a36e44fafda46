//go:build !purego

package aesgcm

import (
	"encoding/binary"
	"unsafe"
)

// seal encrypts src to dst and computes the tag.
func (k *key) seal(with Implementation, dst, src, nonce, aad []byte, tag *[blockSize]byte) {
	if with == AVX2 {
		k.crypt256(dst, src, nonce, aad, tag, true)
		return
	}
	var acc [blockSize]byte
	k.hash512(&acc, aad)
	seal512(k, unsafe.SliceData(dst), unsafe.SliceData(src), len(src), &nonce[0], unsafe.SliceData(aad), len(aad), &acc, tag)
}

// open decrypts src to dst and computes the tag that src should have.
func (k *key) open(with Implementation, dst, src, nonce, aad []byte, tag *[blockSize]byte) {
	if with == AVX2 {
		k.crypt256(dst, src, nonce, aad, tag, false)
		return
	}
	var acc [blockSize]byte
	k.hash512(&acc, aad)
	open512(k, unsafe.SliceData(dst), unsafe.SliceData(src), len(src), &nonce[0], unsafe.SliceData(aad), len(aad), &acc, tag)
}

// hash512 adds all blocks of aad but the last to GHASH. The associated data of a packet is rarely longer than one.
func (k *key) hash512(acc *[blockSize]byte, aad []byte) {
	if len(aad) > blockSize {
		ghash512(k, acc, &aad[0], (len(aad)-1)&^(blockSize-1))
	}
}

// group256 is what crypt256 takes at a time.
const group256 = 8 * blockSize

// state is what passes between the steps of one text. The assembly knows the layout.
type state struct {
	counter [blockSize]byte // of the next block, octets reversed
	acc     [blockSize]byte // GHASH so far, octets reversed
}

// crypt256 does the whole groups of a text in one step and the rest, in a buffer, in another.
func (k *key) crypt256(dst, src, nonce, aad []byte, tag *[blockSize]byte, seal bool) {
	s := state{counter: [blockSize]byte{0: 2}} // 1 is the tag's (SP 800-38D, Section 7.1)
	binary.LittleEndian.PutUint32(s.counter[4:], binary.BigEndian.Uint32(nonce[8:]))
	binary.LittleEndian.PutUint64(s.counter[8:], binary.BigEndian.Uint64(nonce))
	k.hash256(&s.acc, aad)
	whole := len(src) &^ (group256 - 1)
	if whole > 0 {
		crypt256(k, &dst[0], &src[0], whole, &s, seal)
	}
	var buf [group256]byte
	n := copy(buf[:], src[whole:])
	var lengths [blockSize]byte // in bits, octets reversed
	binary.LittleEndian.PutUint64(lengths[:], uint64(len(src))*8)
	binary.LittleEndian.PutUint64(lengths[8:], uint64(len(aad))*8)
	tail256(k, &buf, n, &s, &lengths, tag, seal)
	copy(dst[whole:], buf[:n])
}

// hash256 adds aad to GHASH.
func (k *key) hash256(acc *[blockSize]byte, aad []byte) {
	whole := len(aad) &^ (blockSize - 1)
	if whole > 0 {
		ghash256(k, acc, &aad[0], whole)
	}
	if whole < len(aad) {
		var last [blockSize]byte
		copy(last[:], aad[whole:])
		ghash256(k, acc, &last[0], blockSize)
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

// crypt256 encrypts or decrypts n octets, whole groups and at least one, from src to dst.
//
//go:noescape
func crypt256(k *key, dst, src *byte, n int, s *state, seal bool)

// tail256 encrypts or decrypts the n octets in buf, less than a group and zeroes behind them, and computes the tag.
//
//go:noescape
func tail256(k *key, buf *[group256]byte, n int, s *state, lengths, tag *[blockSize]byte, seal bool)

// ghash256 adds n octets of whole blocks to GHASH.
//
//go:noescape
func ghash256(k *key, acc *[blockSize]byte, blocks *byte, n int)

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
