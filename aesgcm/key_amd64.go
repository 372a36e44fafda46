//go:build !purego

package aesgcm

import (
	"encoding/binary"
	"math/bits"
)

// powers is how many powers of H a key has: seventeen are used, for sixteen blocks and the lengths behind them; with
// twenty those of sixteen blocks start at a multiple of 64 octets.
const powers = 20

// key is an expanded key. The assembly knows the layout.
type key struct {
	powers [powers][blockSize]byte // H^20 ... H^1, octets reversed, times x
	rounds [15][blockSize]byte     // round keys
	count  int                     // the last of them: 10, 12 or 14
}

// expand makes round keys (FIPS 197, Section 5.2) and powers of H.
func (k *key) expand(octets []byte) {
	nk := len(octets) / 4
	k.count = nk + 6
	w := make([]uint32, 4*(k.count+1))
	for i := range nk {
		w[i] = binary.LittleEndian.Uint32(octets[4*i:])
	}
	rcon := uint32(1)
	for i := nk; i < len(w); i++ {
		t := w[i-1]
		switch {
		case i%nk == 0:
			t = bits.RotateLeft32(subWord(t), -8) ^ rcon // words are little endian here
			rcon = rcon<<1 ^ rcon>>7*0x11b
		case nk > 6 && i%nk == 4:
			t = subWord(t)
		}
		w[i] = w[i-nk] ^ t
	}
	for i, v := range w {
		binary.LittleEndian.PutUint32(k.rounds[i/4][i%4*4:], v)
	}
	clear(w)
	k.raise()
}

// raise computes H, which is the zero block encrypted (SP 800-38D, Section 7.1), and its powers.
func (k *key) raise() {
	var h [blockSize]byte
	encryptZero(k, &h)
	hi, lo := binary.BigEndian.Uint64(h[:]), binary.BigEndian.Uint64(h[8:])
	carry := -(hi >> 63) // times x: a bit that leaves at the top comes back as the polynomial
	first := &k.powers[powers-1]
	binary.LittleEndian.PutUint64(first[:], lo<<1^carry&1)
	binary.LittleEndian.PutUint64(first[8:], hi<<1^lo>>63^carry&0xc200000000000000)
	for i := powers - 2; i >= 0; i-- {
		multiply(&k.powers[i], &k.powers[i+1], first)
	}
}
