//go:build !purego

package checksum

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// addVectors adds b with the widest vectors of this machine.
func addVectors(b []byte, sum uint64) uint64 {
	switch x := &cpu.X86; {
	case x.HasAVX512BW && x.HasBMI2:
		return add512(unsafe.SliceData(b), len(b), sum)
	case x.HasAVX2:
		return addWith256(b, sum)
	}
	return addWords(b, sum)
}

// addWith256 leaves the octets that fill no vector to Go.
func addWith256(b []byte, sum uint64) uint64 {
	whole := len(b) &^ 31
	return addWords(b[whole:], add256(unsafe.SliceData(b), whole, sum))
}

// add512 adds n octets.
//
//go:noescape
func add512(p *byte, n int, sum uint64) uint64

// add256 adds n octets, a multiple of 32.
//
//go:noescape
func add256(p *byte, n int, sum uint64) uint64
