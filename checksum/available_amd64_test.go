//go:build !purego

package checksum

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// available are the ways that this machine has, by whatever Add would choose.
func available() map[string]func([]byte, uint64) uint64 {
	ways := map[string]func([]byte, uint64) uint64{"Go": addWords, "Add": Add}
	if cpu.X86.HasAVX2 {
		ways["AVX2"] = addWith256
	}
	if cpu.X86.HasAVX512BW && cpu.X86.HasBMI2 {
		ways["AVX-512"] = func(b []byte, sum uint64) uint64 { return add512(unsafe.SliceData(b), len(b), sum) }
	}
	return ways
}
