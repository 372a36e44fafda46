package suite

import (
	"runtime"
	"slices"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/sys/unix"

	"culvert/wire"
)

// BenchmarkESPBesideItsCipher shows what ESP adds to ChaCha20-Poly1305 of x/crypto: both run in turns, and the ratio is the
// median of neighbouring rounds.
func BenchmarkESPBesideItsCipher(b *testing.B) {
	c := newTestESP(b, ESP{ENCR: encrID(wire.EncrChaCha20Poly1305, 0)}, 1)
	pkt, text := testPacket(c, 1400, 1)
	aead, err := chacha20poly1305.New(make([]byte, 32))
	if err != nil {
		b.Fatal(err)
	}
	nonce, room := make([]byte, 12), make([]byte, len(text)+16)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var ratios []float64
	for b.Loop() {
		ours := cpuTime(b, func() { c.Seal(pkt, 1) })
		theirs := cpuTime(b, func() { aead.Seal(room[:0], nonce, text, pkt[:8]) })
		ratios = append(ratios, theirs/ours)
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "x-cipher")
}

// cpuTime returns how long this thread takes for some steps.
func cpuTime(b *testing.B, step func()) float64 {
	clock := func() int64 {
		var t unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
			b.Fatal(err)
		}
		return t.Nano()
	}
	from := clock()
	for range 200 {
		step()
	}
	return float64(clock() - from)
}
