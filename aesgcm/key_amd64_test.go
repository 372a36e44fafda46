//go:build !purego

package aesgcm

import (
	"encoding/hex"
	"testing"
	"unsafe"
)

// The last round keys of the examples of key expansion (FIPS 197, Appendix A).
func TestKeyExpansionOfFIPS197(t *testing.T) {
	tests := []struct{ key, last string }{
		{"2b7e151628aed2a6abf7158809cf4f3c", "d014f9a8c9ee2589e13f0cc8b6630ca6"},
		{"8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", "e98ba06f448c773c8ecc720401002202"},
		{"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", "fe4890d1e6188d0b046df344706c631e"},
	}
	for _, tt := range tests {
		b, err := hex.DecodeString(tt.key)
		if err != nil {
			t.Fatal(err)
		}
		var k key
		k.expand(b)
		if got := hex.EncodeToString(k.rounds[k.count][:]); got != tt.last {
			t.Errorf("key of %d octets: got %s, want %s", len(b), got, tt.last)
		}
	}
}

func TestClearLeavesNoKey(t *testing.T) {
	for _, i := range available() {
		a := keyed(t, i, []byte("0123456789abcdef"), 16)
		a.Clear()
		if v, ok := a.(*vectors); ok && v.key != (key{}) {
			t.Errorf("%s: key left behind", i)
		}
		checkPanics(t, "sealing without a key", func() { a.Seal(nil, make([]byte, nonceSize), []byte("text"), nil) })
	}
}

// Vectors of powers that crossed cache lines would cost twice.
func TestPowersAreAligned(t *testing.T) {
	for range 20 {
		a, err := newAEAD(AVX512, make([]byte, 16), 16)
		if err != nil {
			t.Fatal(err)
		}
		if at := uintptr(unsafe.Pointer(&a.(*vectors).key.powers[powers-16])); at%64 != 0 {
			t.Fatalf("H^16 lies at %#x", at)
		}
	}
}
