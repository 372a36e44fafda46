package esp

import (
	"testing"

	"culvert/suite"
	"culvert/wire"
)

func benchmarked() map[string]suite.ESP {
	return map[string]suite.ESP{
		"AES-128-GCM": gcm(),
		"ChaCha20":    {ENCR: transform(wire.EncrChaCha20Poly1305, 0)},
		"AES-128-CBC": cbc(),
	}
}

func BenchmarkSeal(b *testing.B) {
	for name, e := range benchmarked() {
		b.Run(name, func(b *testing.B) {
			p := params(e)
			p.Transforms.ESN = true
			out, _ := pair(b, p)
			inner := udp(b, hostA, hostB, 1380)
			buf := make([]byte, 0, 2048)
			b.SetBytes(int64(len(inner)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := out.Seal(buf, inner); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSealAndOpen is both ends of an SA.
func BenchmarkSealAndOpen(b *testing.B) {
	for name, e := range benchmarked() {
		b.Run(name, func(b *testing.B) {
			p := params(e)
			p.Transforms.ESN, p.ReplayWindow = true, 1024
			out, in := pair(b, p)
			inner := udp(b, hostA, hostB, 1380)
			buf := make([]byte, 0, 2048)
			b.SetBytes(int64(len(inner)))
			b.ReportAllocs()
			for b.Loop() {
				pkt, _ := out.Seal(buf, inner)
				if _, _, err := in.Open(pkt); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
