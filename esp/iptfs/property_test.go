package iptfs

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"
)

// numbered is an inner packet that bears its number.
func numbered(rng *rand.Rand, n int) []byte {
	p := packet4(24+rng.IntN(3000), byte(n))
	if rng.IntN(2) == 0 {
		p = packet6(44+rng.IntN(3000), byte(n))
	}
	binary.BigEndian.PutUint32(p[len(p)-4:], uint32(n))
	return p
}

// A trip is a stream of packets through payloads of changing sizes, which are lost, swapped within the window and followed
// by all-pad payloads.
type trip struct {
	packets [][]byte
	whole   []bool // all its payloads arrive
	list    []payload
}

func travel(rng *rand.Rand, window int) *trip {
	t := &trip{}
	for i := range 300 {
		t.packets = append(t.packets, numbered(rng, i))
	}
	a := NewAggregator(1 << 22)
	for _, p := range t.packets {
		a.Add(p, start)
	}
	done, broken := 0, false
	for seq := uint64(1); done < len(t.packets); seq++ {
		b := make([]byte, 40+rng.IntN(1500))
		var f Filling
		if rng.IntN(5) > 0 {
			f = a.Fill(b)
		}
		lost := rng.IntN(20) == 0
		for range f.Packets {
			t.whole = append(t.whole, !lost && !broken)
			broken, done = false, done+1
		}
		if a.rest > 0 { // nobody knows of a lost payload that it was all padding
			broken = lost || broken && f.Packets == 0
		}
		if !lost {
			t.list = append(t.list, payload{seq: seq, offset: f.BlockOffset, blocks: b})
		}
	}
	for i := 0; window > 0 && i+1 < len(t.list); i++ {
		if rng.IntN(3) == 0 && t.list[i+1].seq-t.list[i].seq <= 1 {
			t.list[i], t.list[i+1] = t.list[i+1], t.list[i]
			i++
		}
	}
	return t
}

// Every packet that has come whole comes out once, unchanged and in order; none is invented.
func TestWhatComesWholeComesOut(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		window := int(seed % 5)
		tr := travel(rng, window)
		r := NewReassembler(Reassembly{Window: window, Wait: time.Second}, 0)
		got := make(map[uint32]int)
		last := -1
		take := func(out [][]byte) {
			for _, p := range out {
				n := binary.BigEndian.Uint32(p[len(p)-4:])
				if int(n) >= len(tr.packets) || !bytes.Equal(p, tr.packets[n]) {
					t.Fatalf("seed %d: a packet nobody has sent", seed)
				}
				if int(n) <= last {
					t.Fatalf("seed %d: packet %d after %d", seed, n, last)
				}
				last = int(n)
				got[n]++
			}
		}
		for _, p := range tr.list {
			take(push(r, p, start))
		}
		for range MaxWindow {
			r.Expire(start.Add(time.Hour))
			take(drain(r))
		}
		for i, whole := range tr.whole {
			if whole && got[uint32(i)] != 1 || got[uint32(i)] > 1 {
				t.Fatalf("seed %d: packet %d of %d octets came out %d times", seed, i, len(tr.packets[i]), got[uint32(i)])
			}
		}
	}
}

// With Immediately packets may overtake each other, and the rest holds.
func TestWhatComesWholeComesOutImmediately(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 2))
		tr := travel(rng, 3)
		r := NewReassembler(Reassembly{Window: 3, Immediately: true}, 0)
		got := make(map[uint32]int)
		for _, p := range tr.list {
			for _, out := range push(r, p, start) {
				got[binary.BigEndian.Uint32(out[len(out)-4:])]++
			}
		}
		for range MaxWindow {
			r.Expire(start.Add(time.Hour))
			for _, out := range drain(r) {
				got[binary.BigEndian.Uint32(out[len(out)-4:])]++
			}
		}
		for i, whole := range tr.whole {
			if whole && got[uint32(i)] != 1 || got[uint32(i)] > 1 {
				t.Fatalf("seed %d: packet %d came out %d times", seed, i, got[uint32(i)])
			}
		}
	}
}
