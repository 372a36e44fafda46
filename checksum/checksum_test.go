package checksum

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// slow is the ones' complement sum word by word, as RFC 1071, Section 1 has it.
func slow(b []byte) uint16 {
	var s uint32
	for i := 0; i < len(b); i += 2 {
		w := uint32(b[i]) << 8
		if i+1 < len(b) {
			w |= uint32(b[i+1])
		}
		s += w
		s = s&0xffff + s>>16
	}
	return uint16(s)
}

// check compares every way that this machine has.
func check(t *testing.T, b []byte) {
	t.Helper()
	want := slow(b)
	for name, add := range available() {
		if got := Fold(add(b, 0)); got != want {
			t.Fatalf("%s: %d octets: got %#x, want %#x", name, len(b), got, want)
		}
	}
}

// The example of RFC 1071, Section 3.
func TestSumOfRFC1071(t *testing.T) {
	if got := Fold(Add([]byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}, 0)); got != 0xddf2 {
		t.Errorf("got %#x, want 0xddf2", got)
	}
}

func TestEveryLengthAndAlignment(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 4300)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	for n := range 4200 {
		check(t, b[n%67:][:n])
	}
}

// All ones is where carries get lost, and what lies behind a text does not count.
func TestCarriesComeRound(t *testing.T) {
	ones := bytes.Repeat([]byte{0xff}, 1<<16)
	for _, n := range []int{2, 96, 128, 1400, 1401, 1<<16 - 1, 1 << 16} {
		check(t, ones[:n])
		for name, add := range available() {
			if got := Fold(add(ones[:n&^1], 0xffffffffffffffff)); got != 0xffff {
				t.Errorf("%s: %d octets: got %#x", name, n, got)
			}
		}
	}
}

func TestASumInPartsIsTheSum(t *testing.T) {
	b := make([]byte, 1000)
	for i := range b {
		b[i] = byte(i * i)
	}
	for at := 0; at <= len(b); at += 2 {
		if got, want := Fold(Add(b[at:], Add(b[:at], 0))), slow(b); got != want {
			t.Fatalf("parted at %d: got %#x, want %#x", at, got, want)
		}
	}
	if got := Fold(AddWord(0x1234, Narrow(Add(b, 0)))); got != slow(append([]byte{0x12, 0x34}, b...)) {
		t.Errorf("with a word: got %#x", got)
	}
}

func TestNothingAllocates(t *testing.T) {
	b := make([]byte, 1400)
	if n := testing.AllocsPerRun(20, func() { Add(b, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzAdd(f *testing.F) {
	f.Add([]byte("some octets"), uint16(0), uint8(0))
	f.Add(bytes.Repeat([]byte{0xff, 0xfe}, 300), uint16(1500), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, more uint16, skip uint8) {
		b = append(b, bytes.Repeat([]byte{skip}, int(more))...)
		check(t, b[min(int(skip), len(b)):])
	})
}

func BenchmarkAdd(b *testing.B) {
	text := make([]byte, 1400)
	for name, add := range available() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				add(text, 0)
			}
		})
	}
}

// The example of RFC 1624, Section 4.
func TestReplaceIsThatOfRFC1624(t *testing.T) {
	if got := Replace(0xdd2f, 0x5555, 0x3285); got != 0x0000 {
		t.Errorf("got %04x, want 0000", got)
	}
}
