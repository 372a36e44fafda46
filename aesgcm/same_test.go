package aesgcm

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"math/rand/v2"
	"testing"
)

// reference is what all implementations are held to, with the whole tag.
func reference(t testing.TB, key []byte) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return gcm
}

func randomOctets(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// A placement says where the texts of a call lie: the text starts shift octets into its buffer, the result in the same
// place, or gap octets further on in a buffer of its own.
type placement struct {
	shift   int
	inPlace bool
}

const guard = 80 // octets around a text that must stay as they are

// checkSame seals and opens as the reference does, and touches nothing else.
func checkSame(t testing.TB, a AEAD, gcm cipher.AEAD, where placement, nonce, text, aad []byte) {
	t.Helper()
	want := gcm.Seal(nil, nonce, text, aad)
	want = want[:len(text)+a.Overhead()]
	in, out, whole := buffers(where, text, a.Overhead())
	if got := a.Seal(out[:0], nonce, in[:len(text)], aad); !bytes.Equal(got, want) || &got[0] != &out[0] {
		t.Fatalf("%+v: %d octets, %d of associated data: sealed %x, want %x", where, len(text), len(aad), got, want)
	}
	checkGuard(t, whole, where, len(want))

	in, out, whole = buffers(where, want, 0)
	got, err := a.Open(out[:0], nonce, in[:len(want)], aad)
	if err != nil || !bytes.Equal(got, text) {
		t.Fatalf("%+v: %d octets, %d of associated data: opened %x, %v, want %x", where, len(text), len(aad), got, err, text)
	}
	checkGuard(t, whole, where, len(want))
	if !bytes.Equal(whole[guard+where.shift+len(text):][:a.Overhead()], map[bool][]byte{true: want[len(text):], false: filled(a.Overhead())}[where.inPlace]) {
		t.Fatalf("%+v: %d octets: Open wrote behind the text", where, len(text))
	}
}

func filled(n int) []byte { return bytes.Repeat([]byte{0xa5}, n) }

// buffers returns a buffer that begins with text, one for the result, more octets longer, and the latter with its guards.
func buffers(where placement, text []byte, more int) (in, out, whole []byte) {
	n := len(text) + more
	whole = filled(guard + where.shift + n + guard)
	out = whole[guard+where.shift:][:n:n]
	if where.inPlace {
		copy(out, text)
		return out, out, whole
	}
	in = make([]byte, where.shift+len(text))[where.shift:]
	copy(in, text)
	return in, out, whole
}

func checkGuard(t testing.TB, whole []byte, where placement, n int) {
	t.Helper()
	start := guard + where.shift
	if !bytes.Equal(whole[:start], filled(start)) || !bytes.Equal(whole[start+n:], filled(guard)) {
		t.Fatalf("%+v: %d octets: wrote outside of its room", where, n)
	}
}

// Every length from nothing to more than the low octet of the counter can count, so that it carries.
func TestEveryLengthIsSealedAsTheLibraryDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	each(t, func(t *testing.T, i Implementation) {
		for _, keyLen := range []int{16, 24, 32} {
			key := randomOctets(r, keyLen)
			a, gcm := keyed(t, i, key, 16), reference(t, key)
			text, nonce := randomOctets(r, 4300), randomOctets(r, nonceSize)
			for n := 0; n <= len(text); n++ {
				nonce[n%nonceSize]++
				aad := text[:[]int{8, 12, 0, 16, 31}[n%5]]
				checkSame(t, a, gcm, placement{shift: n % 64, inPlace: n%3 > 0}, nonce, text[:n], aad)
			}
		}
	})
}

func TestEveryAlignmentIsSealedAsTheLibraryDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	each(t, func(t *testing.T, i Implementation) {
		key := randomOctets(r, 16)
		a, gcm := keyed(t, i, key, 16), reference(t, key)
		for _, n := range []int{1, 63, 128, 260, 700} {
			text, nonce := randomOctets(r, n), randomOctets(r, nonceSize)
			for shift := range 65 {
				checkSame(t, a, gcm, placement{shift, true}, nonce, text, key[:8])
				checkSame(t, a, gcm, placement{shift, false}, nonce, text, key[:12])
			}
		}
	})
}

// Long associated data is what NULL with GMAC has (RFC 4543).
func TestEveryLengthOfAssociatedDataCounts(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	each(t, func(t *testing.T, i Implementation) {
		key := randomOctets(r, 32)
		a, gcm := keyed(t, i, key, 12), reference(t, key)
		aad, nonce := randomOctets(r, 1600), randomOctets(r, nonceSize)
		for n := range aad {
			checkSame(t, a, gcm, placement{inPlace: true}, nonce, aad[:n%17], aad[:n])
		}
	})
}

// 65536 blocks carry into the third octet of the counter.
func TestTheCounterCarries(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	each(t, func(t *testing.T, i Implementation) {
		key := randomOctets(r, 16)
		nonce := bytes.Repeat([]byte{0xff}, nonceSize) // no carry may reach it
		checkSame(t, keyed(t, i, key, 16), reference(t, key), placement{inPlace: true}, nonce, make([]byte, 16<<16+300), nil)
	})
}

func FuzzSameAsTheLibrary(f *testing.F) {
	f.Add([]byte("k"), []byte("nonce"), []byte("text"), []byte("aad"), uint8(3), uint16(0))
	f.Add([]byte{}, []byte{}, make([]byte, 300), make([]byte, 40), uint8(64), uint16(1400))
	f.Fuzz(func(t *testing.T, seed, iv, text, aad []byte, shape uint8, more uint16) {
		var key [32]byte
		copy(key[:], seed)
		var nonce [nonceSize]byte
		copy(nonce[:], iv)
		text = append(text, bytes.Repeat([]byte{shape}, int(more)%4200)...)
		for _, i := range available() {
			for _, keyLen := range []int{16, 24, 32} {
				a := keyed(t, i, key[:keyLen], []int{8, 12, 16}[shape%3])
				where := placement{shift: int(shape >> 2), inPlace: shape&1 == 0}
				checkSame(t, a, reference(t, key[:keyLen]), where, nonce[:], text, aad)
			}
		}
	})
}
