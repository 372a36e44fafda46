package aesgcm

import (
	"bytes"
	"math/rand"
	"testing"
)

func TestSameAsTheLibrary(t *testing.T) {
	for _, kl := range []int{16, 24, 32} {
		key := make([]byte, kl)
		rand.Read(key)
		l, _ := newWith(Library, key, 16)
		f, _ := newWith(Selected(), key, 16)
		for n := 0; n < 1500; n++ {
			for _, al := range []int{0, 8, 12, 16, 17, 300} {
				p := make([]byte, n)
				rand.Read(p)
				aad := make([]byte, al)
				rand.Read(aad)
				nonce := make([]byte, 12)
				rand.Read(nonce)
				a := l.Seal(nil, nonce, p, aad)
				b := f.Seal(nil, nonce, p, aad)
				if !bytes.Equal(a, b) {
					t.Fatalf("%d %d %d\n%x\n%x", kl, n, al, a, b)
				}
				c, err := f.Open(nil, nonce, a, aad)
				if err != nil || !bytes.Equal(c, p) {
					t.Fatalf("open %d %d %d\n%x\n%x", kl, n, al, c, p)
				}
			}
		}
	}
}

func bench(b *testing.B, i Implementation, n int) {
	a, _ := newWith(i, make([]byte, 16), 16)
	buf := make([]byte, n+16)
	nonce := make([]byte, 12)
	aad := make([]byte, 8)
	b.SetBytes(int64(n))
	for b.Loop() {
		a.Seal(buf[:0], nonce, buf[:n], aad)
	}
}
func BenchmarkL1400(b *testing.B) { bench(b, Library, 1400) }
func BenchmarkF1400(b *testing.B) { bench(b, Selected(), 1400) }
func BenchmarkL64(b *testing.B)   { bench(b, Library, 64) }
func BenchmarkF64(b *testing.B)   { bench(b, Selected(), 64) }
