package esp

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"culvert/suite"
)

// accept is Check and, when it lets pass, Mark.
func accept(w *Window, low uint32) bool {
	seq, ok := w.Check(low)
	if ok {
		w.Mark(seq)
	}
	return ok
}

func TestWindowAcceptsEachNumberOnce(t *testing.T) {
	type step struct {
		low  uint32
		want bool
	}
	tests := []struct {
		name  string
		size  int
		top   uint64
		steps []step
	}{
		{"zero is never sent", 64, 0, []step{{0, false}, {1, true}, {0, false}}},
		{"in order", 64, 0, []step{{1, true}, {2, true}, {3, true}, {2, false}, {3, false}, {4, true}}},
		{"out of order", 64, 0, []step{{5, true}, {1, true}, {3, true}, {1, false}, {2, true}, {5, false}}},
		{"the left edge", 64, 0, []step{{100, true}, {37, true}, {36, false}, {37, false}, {101, true}, {37, false}, {38, true}}},
		{"a jump", 64, 0, []step{{1, true}, {100000, true}, {1, false}, {99999, true}, {99936, false}, {99937, true}}},
		{"a window that is no power of two", 100, 0, []step{{1000, true}, {901, true}, {900, false}, {1001, true}, {901, false}, {902, true}}},
		{"8192", 8192, 0, []step{{10000, true}, {1809, true}, {1808, false}, {1809, false}, {18191, true}, {9999, false}, {10000, false}, {10001, true}}},
		{"the last number", 64, 0, []step{{1<<32 - 1, true}, {1<<32 - 1, false}, {1<<32 - 64, true}, {1<<32 - 65, false}}},
		{"taken over", 64, 1000, []step{{1000, false}, {937, false}, {1, false}, {1001, true}, {1002, true}, {1001, false}, {999, false}}},
		{"off", 0, 0, []step{{5, true}, {5, true}, {0, true}, {1, true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := NewWindow(tt.size, false, tt.top)
			for _, s := range tt.steps {
				if got := accept(&w, s.low); got != s.want {
					t.Errorf("%d: got %v, want %v (top %d)", s.low, got, s.want, w.Top())
				}
			}
		})
	}
}

func TestCheckAloneMovesNothing(t *testing.T) {
	w := NewWindow(64, true, 0)
	for range 3 {
		if seq, ok := w.Check(70); !ok || seq != 70 {
			t.Errorf("got %d, %v", seq, ok)
		}
	}
	if w.Top() != 0 || w.ring != nil {
		t.Error("the window moved before authentication")
	}
}

// model is RFC 4303, Appendix A2.3, written down again with a set in place of the bit string.
type model struct {
	tl, th, w uint32
	seen      map[uint64]bool
}

func (m *model) seqh(low uint32) uint32 {
	if m.tl >= m.w-1 {
		if low >= m.tl-m.w+1 {
			return m.th
		}
		return m.th + 1
	}
	if low >= m.tl-m.w+1 {
		return m.th - 1
	}
	return m.th
}

func (m *model) accept(low uint32) bool {
	h := m.seqh(low)
	if h == 0xffffffff && m.th == 0 || h == 0 && m.th == 0xffffffff {
		return false // before the first number or behind the last
	}
	seq, top := uint64(h)<<32|uint64(low), uint64(m.th)<<32|uint64(m.tl)
	if seq == 0 || m.seen[seq] || seq <= top && top-seq >= uint64(m.w) {
		return false
	}
	m.seen[seq] = true
	if seq > top {
		m.th, m.tl = h, low
	}
	return true
}

func TestExtendedWindowFollowsTheRFCsPseudoCode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int{64, 65, 127, 1000, 8192}).Draw(t, "window")
		w := NewWindow(size, true, 0)
		m := model{w: uint32(size), seen: map[uint64]bool{}}
		// Begin anywhere, often close to the edge of a subspace.
		start := rapid.SampledFrom([]uint64{0, 1 << 31, 1<<32 - 100, 1<<32 + 5, 7<<32 - 3, 1<<64 - 50}).Draw(t, "start")
		w.Mark(start + 1)
		m.th, m.tl = uint32((start+1)>>32), uint32(start+1)
		m.seen[start+1] = true
		for range 200 {
			step := rapid.OneOf(rapid.Int64Range(-70, 70), rapid.Int64Range(-9000, 9000), rapid.Int64Range(-1<<33, 1<<33)).Draw(t, "step")
			low := uint32(w.Top() + uint64(step))
			seq, _ := w.Check(low)
			if h := m.seqh(low); h != uint32(seq>>32) && !(m.th == 0 && h == 0xffffffff) {
				t.Fatalf("%x at %x: high half %x, want %x", low, w.Top(), seq>>32, h)
			}
			if got, want := accept(&w, low), m.accept(low); got != want {
				t.Fatalf("%x at top %x: got %v, want %v", low, w.Top(), got, want)
			}
			if w.Top() != uint64(m.th)<<32|uint64(m.tl) {
				t.Fatalf("top %x, want %x:%x", w.Top(), m.th, m.tl)
			}
		}
	})
}

func TestExtendedNumbersEndWithTheirSpace(t *testing.T) {
	w := NewWindow(64, true, 1<<64-3)
	if seq, ok := w.Check(1<<32 - 2); !ok || seq != 1<<64-2 {
		t.Errorf("got %x, %v", seq, ok)
	}
	if seq, ok := w.Check(5); ok {
		t.Errorf("a number behind the last is %x", seq)
	}
	w = NewWindow(64, true, 0)
	if seq, ok := w.Check(1<<32 - 5); ok {
		t.Errorf("a number before the first is %x", seq)
	}
}

func TestUncheckedWindowStillCounts(t *testing.T) {
	w := NewWindow(0, true, 0)
	for _, seq := range []uint64{1, 1 << 30, 3<<30 - 1, 1<<32 - 1, 1<<32 + 7, 1<<32 - 1, 3 << 31} {
		got, ok := w.Check(uint32(seq))
		if !ok || got != seq {
			t.Fatalf("got %x, %v, want %x", got, ok, seq)
		}
		w.Mark(got)
	}
	if w.Top() != 3<<31 || w.ring != nil {
		t.Errorf("top %x", w.Top())
	}
}

func TestPacketsCrossTheSubspaceOfTheirNumbers(t *testing.T) {
	for name, e := range map[string]suite.ESP{"GCM": gcm(), "CBC": cbc()} {
		t.Run(name, func(t *testing.T) {
			p := params(e)
			p.Transforms.ESN, p.Sequence = true, 1<<32-5
			out, in := pair(t, p)
			inner := udp(t, hostA, hostB, 40)
			var pkts [][]byte
			for range 10 {
				pkts = append(pkts, seal(t, out, inner))
			}
			for _, n := range []int{0, 6, 2, 9, 8, 1, 3, 7, 5, 4} {
				if got, _, err := in.Open(slices.Clone(pkts[n])); err != nil || !bytes.Equal(got, inner) {
					t.Errorf("packet %d: %v", n, err)
				}
				if _, _, err := in.Open(slices.Clone(pkts[n])); err != ErrReplay {
					t.Errorf("packet %d again: %v", n, err)
				}
			}
			if in.Sequence() != 1<<32+5 {
				t.Errorf("highest %x", in.Sequence())
			}
		})
	}
}

// The upper half of the sequence number is authenticated and not sent: in the associated data of combined modes (RFC 4106,
// Section 5), behind the packet for separate integrity (RFC 4303, Section 2.2.1). Both are computed here by the standard library.
func TestExtendedNumbersAreAuthenticated(t *testing.T) {
	const seq = 5<<32 | 7
	inner := udp(t, hostA, hostB, 40)
	sealedUnder := func(e suite.ESP) (Params, []byte) {
		p := params(e)
		p.Transforms.ESN, p.Sequence = true, seq-1
		out, _ := pair(t, p)
		return p, seal(t, out, inner)
	}
	p, pkt := sealedUnder(gcm())
	block, err := aes.NewCipher(p.EncrKey[:16])
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := slices.Concat(p.EncrKey[16:], pkt[8:16])
	text, err := aead.Open(nil, nonce, pkt[16:], slices.Concat(pkt[:4], []byte{0, 0, 0, 5, 0, 0, 0, 7}))
	if err != nil || !bytes.HasPrefix(text, inner) {
		t.Errorf("GCM: %x, %v", text, err)
	}
	p, pkt = sealedUnder(cbc())
	mac := hmac.New(sha256.New, p.IntegKey)
	mac.Write(pkt[:len(pkt)-16])
	mac.Write([]byte{0, 0, 0, 5})
	if want := mac.Sum(nil)[:16]; !bytes.Equal(pkt[len(pkt)-16:], want) {
		t.Errorf("HMAC: ICV %x, want %x", pkt[len(pkt)-16:], want)
	}
}

func TestResynchronizationAfterTheLossOf2To32Packets(t *testing.T) {
	p := params(gcm())
	p.Transforms.ESN, p.Sequence = true, 1000
	_, in := pair(t, p)
	p.Sequence += 2<<32 + 50
	out, _ := pair(t, p)
	inner := udp(t, hostA, hostB, 40)
	for n := range resyncTrigger {
		if _, _, err := in.Open(seal(t, out, inner)); err != ErrAuthentication {
			t.Fatalf("packet %d: %v", n, err)
		}
	}
	for n := range 3 {
		if got, _, err := in.Open(seal(t, out, inner)); err != nil || !bytes.Equal(got, inner) {
			t.Fatalf("packet %d behind the trigger: %v", n, err)
		}
	}
	if in.Sequence() != out.Sequence() {
		t.Errorf("highest %x, want %x", in.Sequence(), out.Sequence())
	}
}

func TestResynchronizationGivesUp(t *testing.T) {
	for name, last := range map[string]uint64{"too far": 1000, "no numbers left": (1<<32-2)<<32 + 1000} {
		t.Run(name, func(t *testing.T) {
			p := params(gcm())
			p.Transforms.ESN, p.Sequence = true, last
			_, in := pair(t, p)
			pkt := sealed(t, p, slices.Concat(udp(t, hostA, hostB, 32), []byte{1, 2, 2, 4}), (resyncReach+1)<<32+1100)
			for range 2*resyncTrigger + 1 {
				if _, _, err := in.Open(slices.Clone(pkt)); err != ErrAuthentication {
					t.Fatal(err)
				}
			}
			if in.resync.failures != 2*resyncTrigger+1 || in.Sequence() != last {
				t.Errorf("%d failures, highest %x", in.resync.failures, in.Sequence())
			}
		})
	}
}

func BenchmarkWindow(b *testing.B) {
	w := NewWindow(8192, true, 0)
	b.ReportAllocs()
	for n := uint32(1); b.Loop(); n++ {
		seq, ok := w.Check(n)
		if !ok {
			b.Fatal(n)
		}
		w.Mark(seq)
	}
}
