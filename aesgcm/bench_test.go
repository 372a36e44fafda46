package aesgcm

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// cpuTime is the time in nanoseconds that this thread has run.
func cpuTime(b *testing.B) int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return t.Nano()
}

// steps returns a function that seals and one that opens n octets with the associated data of an ESP packet, in place.
func steps(b *testing.B, i Implementation, keyLen, n int) (seal, open func()) {
	a, err := newWith(i, make([]byte, keyLen), 16)
	if err != nil {
		b.Fatal(err)
	}
	pkt, nonce, aad := make([]byte, n+16), make([]byte, nonceSize), make([]byte, 8)
	sealed := a.Seal(nil, nonce, pkt[:n], aad)
	seal = func() { a.Seal(pkt[:0], nonce, pkt[:n], aad) }
	out := make([]byte, n)
	open = func() {
		if _, err := a.Open(out[:0], nonce, sealed, aad); err != nil {
			b.Fatal(err)
		}
	}
	return seal, open
}

// BenchmarkBesideTheLibrary runs each implementation of this machine and the standard library in turns, and reports the
// median time of a packet and the median ratio of neighbouring rounds, so that a machine whose speed varies does no harm.
func BenchmarkBesideTheLibrary(b *testing.B) {
	for _, i := range available() {
		for _, keyLen := range []int{16, 32} {
			for _, n := range []int{64, 256, 576, 1400, 4096} {
				seal, open := steps(b, i, keyLen, n)
				libSeal, libOpen := steps(b, Library, keyLen, n)
				b.Run(fmt.Sprintf("%s/seal/%d/%d", i, 8*keyLen, n), func(b *testing.B) { compare(b, seal, libSeal) })
				b.Run(fmt.Sprintf("%s/open/%d/%d", i, 8*keyLen, n), func(b *testing.B) { compare(b, open, libOpen) })
			}
		}
	}
}

// compare runs ours and theirs in turns.
func compare(b *testing.B, ours, theirs func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const run = 500
	round := func(step func()) float64 {
		from := cpuTime(b)
		for range run {
			step()
		}
		return float64(cpuTime(b)-from) / run
	}
	var times, ratios []float64
	for b.Loop() {
		t := round(ours)
		times, ratios = append(times, t), append(ratios, round(theirs)/t)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(times), "ns/packet")
	b.ReportMetric(median(ratios), "x-library")
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
