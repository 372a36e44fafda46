package aesgcm

import (
	"bytes"
	"crypto/fips140"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestTheFastestIsSelected(t *testing.T) {
	all := available()
	want := all[len(all)-1]
	if fips140.Enabled() {
		want = Library
	}
	if got := Selected(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	names := []string{Library.String(), AVX2.String(), AVX512.String()}
	if slices.Sort(names); len(slices.Compact(names)) != 3 {
		t.Errorf("names are not distinct: %q", names)
	}
}

// What does not open leaves nothing of the plaintext behind, wherever the fault is.
func TestEveryChangedBitIsNoticedAndNothingIsRevealed(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	each(t, func(t *testing.T, i Implementation) {
		for _, tagSize := range []int{8, 12, 16} {
			a := keyed(t, i, randomOctets(r, 16), tagSize)
			text, nonce, aad := []byte("what was said in confidence, 39 octets"), randomOctets(r, nonceSize), randomOctets(r, 8)
			sealed := a.Seal(nil, nonce, text, aad)
			for bit := range 8 * len(sealed) {
				forged := bytes.Clone(sealed)
				forged[bit/8] ^= 1 << (bit % 8)
				checkRefused(t, a, nonce, forged, aad)
			}
			for bit := range 8 * len(aad) {
				forged := bytes.Clone(aad)
				forged[bit/8] ^= 1 << (bit % 8)
				checkRefused(t, a, nonce, bytes.Clone(sealed), forged)
			}
			for n := range sealed {
				checkRefused(t, a, nonce, bytes.Clone(sealed[:n]), aad)
			}
		}
	})
}

func checkRefused(t *testing.T, a AEAD, nonce, sealed, aad []byte) {
	t.Helper()
	room := sealed[:max(0, len(sealed)-a.Overhead())]
	if got, err := a.Open(sealed[:0], nonce, sealed, aad); err != ErrAuthentication || got != nil {
		t.Errorf("%d octets: got %x, %v, want ErrAuthentication", len(sealed), got, err)
	}
	if len(sealed) >= a.Overhead() && !bytes.Equal(room, make([]byte, len(room))) {
		t.Errorf("%d octets: %x left behind", len(sealed), room)
	}
}

func TestResultsAreAppended(t *testing.T) {
	each(t, func(t *testing.T, i Implementation) {
		for _, tagSize := range []int{8, 16} {
			a := keyed(t, i, make([]byte, 16), tagSize)
			nonce := make([]byte, nonceSize)
			head := []byte("head")
			sealed := a.Seal(slices.Clip(head), nonce, []byte("text"), nil)
			if !bytes.HasPrefix(sealed, head) || len(sealed) != 8+tagSize {
				t.Errorf("tag of %d: sealed %q", tagSize, sealed)
			}
			if got, err := a.Open(slices.Clip(head), nonce, sealed[4:], nil); err != nil || string(got) != "headtext" {
				t.Errorf("tag of %d: opened %q, %v", tagSize, got, err)
			}
		}
	})
}

func TestNewRefusesSizes(t *testing.T) {
	for _, n := range []int{0, 15, 17, 20, 33} {
		if _, err := New(make([]byte, n), 16); err == nil {
			t.Errorf("key of %d octets accepted", n)
		}
	}
	for _, n := range []int{0, 4, 11, 13, 17} {
		if _, err := New(make([]byte, 16), n); err == nil {
			t.Errorf("tag of %d octets accepted", n)
		}
	}
	a, err := New(make([]byte, 32), 12)
	if err != nil || a.NonceSize() != 12 || a.Overhead() != 12 {
		t.Errorf("got nonces of %d, tags of %d octets, %v", a.NonceSize(), a.Overhead(), err)
	}
}

func TestMisuseOfBuffersPanics(t *testing.T) {
	each(t, func(t *testing.T, i Implementation) {
		a := keyed(t, i, make([]byte, 16), 16)
		b, nonce := make([]byte, 200), make([]byte, nonceSize)
		checkPanics(t, "nonce of 8 octets", func() { a.Seal(nil, nonce[:8], b, nil) })
		checkPanics(t, "opening with a nonce of 13 octets", func() { _, _ = a.Open(nil, make([]byte, 13), b, nil) })
		checkPanics(t, "result behind the text's start", func() { a.Seal(b[1:1], nonce, b[:100], nil) })
		checkPanics(t, "result before the text's start", func() { a.Seal(b[:0], nonce, b[1:100], nil) })
		checkPanics(t, "opened behind the text's start", func() { _, _ = a.Open(b[16:16], nonce, b[:100], nil) })
	})
}

func checkPanics(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", what)
		}
	}()
	f()
}

func TestNothingAllocates(t *testing.T) {
	each(t, func(t *testing.T, i Implementation) {
		for _, tagSize := range []int{8, 12, 16} {
			a := keyed(t, i, make([]byte, 16), tagSize)
			pkt, nonce, aad := make([]byte, 1400+tagSize), make([]byte, nonceSize), make([]byte, 12)
			step := func() {
				a.Seal(pkt[:0], nonce, pkt[:1400], aad)
				if _, err := a.Open(pkt[:0], nonce, pkt, aad); err != nil {
					t.Fatal(err)
				}
			}
			step() // scratch space grows once
			if n := testing.AllocsPerRun(20, step); n != 0 {
				t.Errorf("tag of %d: %v allocations", tagSize, n)
			}
		}
	})
}
