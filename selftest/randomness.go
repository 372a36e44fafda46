package selftest

import (
	"crypto/rand"
	"fmt"
	"math/bits"
)

// randomness looks at 20 000 bits of the system's source as FIPS 140-2, Section 4.9.1 did: they cannot prove that it is good, but a
// source that is broken fails them. One in some ten thousand good samples fails, too, so a failed one is drawn again.
func randomness() []Test {
	return []Test{
		{"randomness", "samples differ", differentSamples},
		{"randomness", "ones and zeros, patterns, runs", func() error {
			err := judge(draw())
			if err != nil {
				err = judge(draw())
			}
			return err
		}},
	}
}

const sampleSize = 2500 // octets

func draw() []byte {
	b := make([]byte, sampleSize)
	_, _ = rand.Read(b) // it does not fail
	return b
}

func differentSamples() error {
	seen := map[string]bool{}
	for range 64 {
		seen[string(draw()[:16])] = true
	}
	if len(seen) < 64 {
		return fmt.Errorf("of 64 samples only %d differ", len(seen))
	}
	return nil
}

// judge has the tests on one sample.
func judge(sample []byte) error {
	ones, patterns := 0, [16]int{}
	for _, o := range sample {
		ones += bits.OnesCount8(o)
		patterns[o>>4]++
		patterns[o&15]++
	}
	if ones <= 9725 || ones >= 10275 {
		return fmt.Errorf("%d of 20000 bits are ones", ones)
	}
	sum := 0
	for _, n := range patterns {
		sum += n * n
	}
	if x := 16.0/5000*float64(sum) - 5000; x <= 2.16 || x >= 46.17 {
		return fmt.Errorf("patterns of four bits are spread by %.2f, which is to be between 2.16 and 46.17", x)
	}
	if n := longestRun(sample); n >= 26 {
		return fmt.Errorf("%d equal bits follow each other", n)
	}
	return nil
}

// longestRun is the greatest number of equal bits in a row.
func longestRun(sample []byte) int {
	longest, run := 0, 0
	last := byte(2)
	for _, o := range sample {
		for i := 7; i >= 0; i-- {
			bit := o >> i & 1
			if bit != last {
				run = 0
			}
			last = bit
			run++
			longest = max(longest, run)
		}
	}
	return longest
}
