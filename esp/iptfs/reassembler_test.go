package iptfs

import (
	"testing"
	"time"
)

// flow is packets in payloads of 100 octets: 1 | 1 2 | 2 3 | 3 4 pad.
func flow(t *testing.T) (packets [][]byte, list []payload) {
	packets = [][]byte{packet4(150, 1), packet4(100, 2), packet6(90, 3), packet4(40, 4)}
	a := NewAggregator(1 << 20)
	add(t, a, packets...)
	list = fill(a, 1, 100)
	if len(list) != 4 {
		t.Fatalf("%d payloads", len(list))
	}
	return packets, list
}

func TestReordered(t *testing.T) {
	p, l := flow(t)
	r := NewReassembler(Reassembly{Window: 3}, 0)
	same(t, push(r, l[2], start))
	same(t, push(r, l[1], start))
	same(t, push(r, l[3], start))
	same(t, push(r, l[0], start), p...)
	if c := r.Count(); c.Missed != 0 || c.Incomplete != 0 || c.Packets != 4 {
		t.Errorf("%+v", c)
	}
}

func TestLossCostsWhatItTouches(t *testing.T) {
	p, l := flow(t)
	r := NewReassembler(Reassembly{}, 0)
	same(t, push(r, l[0], start))
	same(t, push(r, l[2], start))
	same(t, push(r, l[3], start), p[2], p[3])
	if c := r.Count(); c.Missed != 1 || c.Incomplete != 1 {
		t.Errorf("%+v", c)
	}
}

func TestWindowMovesOn(t *testing.T) {
	p, l := flow(t)
	r := NewReassembler(Reassembly{Window: 2}, 0)
	same(t, push(r, l[1], start))
	same(t, push(r, l[2], start))
	same(t, push(r, l[3], start), p[1:]...)
	if c := r.Count(); c.Missed != 1 {
		t.Errorf("%+v", c)
	}
	same(t, push(r, l[0], start))
	if c := r.Count(); c.Late != 1 {
		t.Errorf("%+v", c)
	}
}

func TestFarJump(t *testing.T) {
	_, l := flow(t)
	r := NewReassembler(Reassembly{Window: 3}, 0)
	same(t, push(r, l[1], start))
	l[3].seq = 1 << 40
	l[3].offset = 0
	l[3].blocks = packet4(100, 9)
	same(t, push(r, l[3], start))
	if c := r.Count(); c.Missed != 1<<40-3-2 {
		t.Errorf("missed %d", c.Missed)
	}
	r.Expire(start)
	same(t, drain(r), l[3].blocks)
}

func TestLostPacketTimer(t *testing.T) {
	p, l := flow(t)
	r := NewReassembler(Reassembly{Window: 3, Wait: time.Second}, 0)
	if !r.Deadline().IsZero() {
		t.Error("a deadline before anything is missing")
	}
	push(r, l[0], start)
	same(t, push(r, l[2], start))
	same(t, push(r, l[3], start.Add(time.Millisecond)))
	if d := r.Deadline(); !d.Equal(start.Add(time.Second)) {
		t.Errorf("deadline %v", d)
	}
	r.Expire(start.Add(time.Second - 1))
	same(t, drain(r))
	r.Expire(start.Add(time.Second))
	same(t, drain(r), p[2], p[3])
	if !r.Deadline().IsZero() {
		t.Error("the deadline stays")
	}
}

func TestLostIsHeardOf(t *testing.T) {
	_, l := flow(t)
	var seq, n uint64
	r := NewReassembler(Reassembly{}, 0)
	r.Lost = func(s, k uint64, now time.Time) { seq, n = s, k }
	push(r, l[3], start)
	if seq != 1 || n != 3 {
		t.Errorf("lost %d from %d on", n, seq)
	}
}

// Whole packets do not wait; those in parts do. Nothing comes out twice.
func TestImmediately(t *testing.T) {
	p, l := flow(t)
	r := NewReassembler(Reassembly{Window: 3, Immediately: true}, 0)
	same(t, push(r, l[3], start), p[3])
	same(t, push(r, l[1], start))
	same(t, push(r, l[0], start), p[0])
	same(t, push(r, l[2], start), p[1], p[2])
	if c := r.Count(); c.Packets != 4 {
		t.Errorf("%+v", c)
	}
}

// All-pad payloads may stand between fragments (RFC 9347, Section 2.2.3).
func TestAllPaddingBetweenFragments(t *testing.T) {
	p, l := flow(t)
	pad := payload{seq: 2, blocks: make([]byte, 100)}
	l[1].seq = 3
	r := NewReassembler(Reassembly{Window: 3}, 0)
	push(r, l[0], start)
	same(t, push(r, pad, start))
	same(t, push(r, l[1], start), p[0])
	same(t, push(r, payload{seq: 4}, start))
	if c := r.Count(); c.AllPad != 2 || c.Incomplete != 0 {
		t.Errorf("%+v", c)
	}
}

// Peers may cut within the length field of a packet.
func TestHeaderInParts(t *testing.T) {
	for _, p := range [][]byte{packet4(60, 1), packet6(60, 2)} {
		for cut := 1; cut < 60; cut++ {
			r := NewReassembler(Reassembly{}, 0)
			same(t, push(r, payload{seq: 1, blocks: p[:cut]}, start))
			same(t, push(r, payload{seq: 2, offset: uint16(60 - cut), blocks: p[cut:]}, start), p)
		}
	}
	p := packet6(60, 3) // an octet a payload
	r := NewReassembler(Reassembly{}, 0)
	for i := range p[:59] {
		same(t, push(r, payload{seq: uint64(i + 1), offset: uint16((60 - i) % 60), blocks: p[i : i+1]}, start))
	}
	same(t, push(r, payload{seq: 60, offset: 1, blocks: p[59:]}, start), p)
}

// A BlockOffset that contradicts the packet costs that packet alone (RFC 9347, Section 2.5).
func TestContradictions(t *testing.T) {
	second := packet4(40, 2)
	for name, tt := range map[string]struct {
		offset uint16
		blocks []byte
		want   [][]byte
	}{
		"too small":       {40, append(packet4(50, 1)[:40:40], second...), [][]byte{second}},
		"zero":            {0, second, [][]byte{second}},
		"too large":       {300, second, nil},
		"past the end":    {65535, second, nil},
		"another version": {50, append(make([]byte, 50), 0x33, 1, 2), nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReassembler(Reassembly{}, 0)
			push(r, payload{seq: 1, blocks: packet4(150, 1)[:100]}, start)
			got := push(r, payload{seq: 2, offset: tt.offset, blocks: tt.blocks}, start)
			if name == "another version" {
				if len(got) != 1 || r.Count().Errored != 1 {
					t.Errorf("%d packets, %+v", len(got), r.Count())
				}
				return
			}
			same(t, got, tt.want...)
			if r.Count().Incomplete != 1 {
				t.Errorf("%+v", r.Count())
			}
		})
	}
}

func TestBlocksThatAreNone(t *testing.T) {
	for name, b := range map[string][]byte{
		"version 5": {0x55, 0, 0, 20}, "IPv4 below its header": {0x45, 0, 0, 19}, "IPv6 beyond an offset": {0x60, 0, 0, 0, 0xff, 0xd8},
	} {
		r := NewReassembler(Reassembly{}, 0)
		same(t, push(r, payload{seq: 1, blocks: b}, start))
		if r.Count().Errored != 1 {
			t.Errorf("%s: %+v", name, r.Count())
		}
		same(t, push(r, payload{seq: 2, blocks: packet4(30, 1)}, start), packet4(30, 1))
	}
}

// The congestion mark of any part is that of the packet (RFC 3168, Section 5.3).
func TestCongestionMarks(t *testing.T) {
	_, l := flow(t)
	r := NewReassembler(Reassembly{}, 0)
	l[0].tos, l[1].tos = 0x28|congested, 0x28
	push(r, l[0], start)
	r.Push(l[1].seq, l[1].offset, l[1].blocks, l[1].tos, start)
	if p, ok := r.Next(); !ok || p.TOS != 0x28|congested {
		t.Errorf("%v, TOS %x", ok, p.TOS)
	}
}

func TestReassemblerDoesNotAllocate(t *testing.T) {
	_, l := flow(t)
	r := NewReassembler(Reassembly{Window: 3, Wait: time.Second}, 0)
	seq := uint64(0)
	turn := func() {
		for _, i := range []int{1, 0, 3, 2} {
			r.Push(seq+l[i].seq, l[i].offset, l[i].blocks, 0, start)
			for _, ok := r.Next(); ok; _, ok = r.Next() {
			}
			r.Deadline()
		}
		seq += 4
	}
	turn()
	if n := testing.AllocsPerRun(200, turn); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if r.Count().Packets != 4*(seq/4) {
		t.Errorf("%+v of %d", r.Count(), seq)
	}
}
