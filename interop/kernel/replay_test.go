package kernel_test

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"culvert/esp"
)

// Both receivers judge the same series of sequence numbers: in order, repeated, late, too late and far ahead
// (RFC 4303, Section 3.4.3 and Appendix A), around the point where 32 bits run over as well.
func TestReplayWindow(t *testing.T) {
	o := newOracle(t)
	tests := []struct {
		name   string
		tunnel tunnel
	}{
		{"64 packets", tunnel{algorithm: "aes128gcm16", window: 64, last: 1000}},
		{"64 packets from the first", tunnel{algorithm: "aes128gcm16", window: 64}},
		{"64 packets, ESN", tunnel{algorithm: "aes128gcm16", window: 64, esn: true, last: 1000}},
		{"1024 packets, ESN", tunnel{algorithm: "aes128gcm16", window: 1024, esn: true, last: 5000}},
		{"4096 packets, ESN, over 32 bits", tunnel{algorithm: "aes128gcm16", window: 4096, esn: true, last: 1<<32 - 500}},
		{"64 packets, ESN, over 32 bits, separate integrity", tunnel{algorithm: "aes128-sha256", window: 64, esn: true, last: 1<<32 - 40}},
		{"128 packets, ESN, over 33 bits", tunnel{algorithm: "chacha20poly1305", window: 128, esn: true, last: 3<<32 - 50}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, in := o.open(tt.tunnel)
			k := tt.tunnel
			series := sequenceSeries(k.last, uint64(k.window))
			packets := make([][]byte, len(series))
			for i, seq := range series {
				packets[i] = sealAs(t, out, o.datagram(binary.BigEndian.AppendUint32(nil, uint32(i))), seq)
			}
			ours, theirs := o.judgeOurs(k, packets), o.judgeTheirs(in, packets)
			for i, seq := range series {
				if we, it := slices.Contains(ours, i), slices.Contains(theirs, i); we != it {
					t.Errorf("packet %d with sequence number %d: we accept it: %t, the kernel does: %t", i, seq, we, it)
				}
			}
			if len(ours) == 0 || len(ours) == len(series) {
				t.Errorf("%d of %d packets were accepted: the series tests nothing", len(ours), len(series))
			}
		})
	}
}

// sequenceSeries makes numbers around a slowly growing top: a third new, the rest late, repeated, or out of the window.
func sequenceSeries(last, window uint64) []uint64 {
	r := rand.New(rand.NewPCG(last, window))
	top, list := last, []uint64(nil)
	for range 150 {
		switch r.IntN(6) {
		case 0:
			top += 1 + r.Uint64N(window/2)
			list = append(list, top)
		case 1:
			top++
			list = append(list, top)
		default:
			back := r.Uint64N(window + window/4)
			if r.IntN(4) == 0 {
				back = window - 1 + r.Uint64N(3) // on the edge
			}
			list = append(list, max(top-min(back, top), last+1))
		}
	}
	return list
}

func sealAs(t *testing.T, out *esp.Outbound, inner []byte, seq uint64) []byte {
	t.Helper()
	sealed, err := out.SealFrom(nil, inner, seq)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// judgeOurs returns which of the packets an SA like the kernel's accepts.
func (o *oracle) judgeOurs(k tunnel, packets [][]byte) []int {
	o.Helper()
	in, err := esp.NewInbound(o.params(k, spiToKernel))
	if err != nil {
		o.Fatal(err)
	}
	var accepted []int
	for i, p := range packets {
		_, _, err := in.Open(slices.Clone(p))
		switch {
		case err == nil:
			accepted = append(accepted, i)
		// With ESN a number left of the window is taken for one of the next 2^32, so the integrity check fails.
		case !errors.Is(err, esp.ErrReplay) && !errors.Is(err, esp.ErrAuthentication):
			o.Fatalf("packet %d: %v", i, err)
		}
	}
	return accepted
}

// judgeTheirs sends the packets to the kernel and returns which of them are answered.
func (o *oracle) judgeTheirs(in *esp.Inbound, packets [][]byte) []int {
	o.Helper()
	before := o.refused()
	for _, p := range packets {
		o.send(p)
	}
	var accepted []int
	o.Await("the kernel to judge all packets", func() bool {
		for {
			sealed, err := o.poll(10 * time.Millisecond)
			if err != nil {
				break
			}
			inner, _, err := in.Open(sealed)
			if err != nil {
				o.Fatal(err)
			}
			accepted = append(accepted, int(binary.BigEndian.Uint32(payload(o, inner))))
		}
		return o.refused()-before+len(accepted) == len(packets)
	})
	slices.Sort(accepted)
	return accepted
}

// refused counts the packets that the kernel has taken for repeated, too old, or not authentic.
func (o *oracle) refused() int {
	o.Helper()
	counts := o.stats()
	return counts["XfrmInStateSeqError"] + counts["XfrmInStateProtoError"]
}
