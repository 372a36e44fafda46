package iptfs

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// RFC 9347, Appendix A: packets of 750, 750, 60, 240 and 3000 octets in payloads with 1400 octets of data blocks.
func TestExampleFlow(t *testing.T) {
	packets := [][]byte{packet4(750, 1), packet4(750, 2), packet6(60, 3), packet4(240, 4), packet6(3000, 5)}
	a := NewAggregator(1 << 20)
	add(t, a, packets...)
	list := fill(a, 1, 1400)
	var offsets []uint16
	for _, p := range list {
		offsets = append(offsets, p.offset)
	}
	if want := []uint16{0, 100, 2000, 600}; !slices.Equal(offsets, want) {
		t.Errorf("BlockOffsets %v, want %v", offsets, want)
	}
	if rest := list[3].blocks[600:]; !bytes.Equal(rest, make([]byte, 800)) {
		t.Errorf("no padding behind the last packet: %x", rest)
	}
	r := NewReassembler(Reassembly{Window: 3}, 0)
	same(t, push(r, list[0], start), packets[0])
	same(t, push(r, list[1], start), packets[1:4]...)
	same(t, push(r, list[2], start))
	same(t, push(r, list[3], start), packets[4])
	if c := r.Count(); c != (Received{Packets: 5, Octets: 4800, ExtraPad: 1}) {
		t.Errorf("%+v", c)
	}
}

func TestNothingToSendIsAllPadding(t *testing.T) {
	b := bytes.Repeat([]byte{1}, 100)
	if f := NewAggregator(0).Fill(b); f != (Filling{}) || !bytes.Equal(b, make([]byte, 100)) {
		t.Errorf("%+v, %x", f, b)
	}
}

func TestWholePacketsOnly(t *testing.T) {
	a := NewAggregator(1 << 20)
	a.Whole = true
	add(t, a, packet4(300, 1), packet4(300, 2), packet4(300, 3), packet4(500, 4))
	list := fill(a, 1, 700)
	for i, want := range [][]int{{300, 300}, {300}, {500}} {
		got := push(NewReassembler(Reassembly{}, list[i].seq-1), list[i], start)
		if list[i].offset != 0 || !slices.Equal(lengths(got), want) {
			t.Errorf("payload %d: offset %d, packets %v, want %v", i, list[i].offset, lengths(got), want)
		}
	}
}

// Packets that were queued for larger payloads are dropped when they fit no more.
func TestWholePacketsOnANarrowerPath(t *testing.T) {
	a := NewAggregator(1 << 20)
	a.Whole = true
	add(t, a, packet4(900, 1), packet4(900, 2), packet4(300, 3), packet4(900, 4))
	b := make([]byte, 700)
	if f := a.Fill(b); f.Dropped != 3 || f.Packets != 1 || f.Octets != 300 {
		t.Errorf("%+v", f)
	}
	if n, _ := a.Waiting(); n != 0 {
		t.Errorf("%d octets wait", n)
	}
}

func TestNoFragmentIsTooShortToTell(t *testing.T) {
	a := NewAggregator(1 << 20)
	add(t, a, packet4(95, 1), packet4(200, 2))
	f := a.Fill(make([]byte, 100))
	if f.Octets != 95 {
		t.Errorf("%d octets, want the first packet and padding", f.Octets)
	}
	if f := a.Fill(make([]byte, 100)); f.BlockOffset != 0 || f.Octets != 100 || f.Packets != 0 {
		t.Errorf("%+v", f)
	}
	if f := a.Fill(make([]byte, 100)); f.BlockOffset != 100 || f.Packets != 1 {
		t.Errorf("BlockOffset %d, packets %d: the end of the packet is at the end of the payload", f.BlockOffset, f.Packets)
	}
}

func TestAddRefuses(t *testing.T) {
	a := NewAggregator(65535)
	for name, p := range map[string][]byte{
		"nothing": {}, "padding": make([]byte, 40), "short": packet4(40, 1)[:30], "long": append(packet4(40, 1), 0),
		"IPv6 short": packet6(80, 1)[:60], "version 5": {0x55, 0, 0, 20},
	} {
		if a.Add(p, start) {
			t.Errorf("%s: added", name)
		}
	}
	if !a.Add(packet4(60000, 1), start) || a.Add(packet4(6000, 2), start) || !a.Add(packet4(5000, 3), start) {
		t.Error("the queue does not end where it should")
	}
}

func TestWaitingTellsSinceWhen(t *testing.T) {
	a := NewAggregator(1 << 20)
	if n, since := a.Waiting(); n != 0 || !since.IsZero() {
		t.Errorf("empty: %d, %v", n, since)
	}
	a.Add(packet4(100, 1), start)
	a.Add(packet4(100, 2), start.Add(time.Second))
	if n, since := a.Waiting(); n != 200 || !since.Equal(start) {
		t.Errorf("%d, %v", n, since)
	}
	a.Fill(make([]byte, 100))
	if n, since := a.Waiting(); n != 100 || !since.Equal(start.Add(time.Second)) {
		t.Errorf("%d, %v", n, since)
	}
}

func TestAggregatorDoesNotAllocate(t *testing.T) {
	a := NewAggregator(1 << 20)
	p, b := packet4(333, 1), make([]byte, 1400)
	turn := func() {
		for range 8 {
			a.Add(p, start)
		}
		for n, _ := a.Waiting(); n > 700; n, _ = a.Waiting() {
			a.Fill(b)
		}
	}
	for range 100 {
		turn()
	}
	if n := testing.AllocsPerRun(200, turn); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestHandGivesAllAway(t *testing.T) {
	a, b := NewAggregator(1<<20), NewAggregator(1<<20)
	packets := [][]byte{packet4(150, 1), packet4(100, 2), packet6(90, 3)}
	add(t, a, packets...)
	list := []payload{{seq: 1, blocks: make([]byte, 100)}}
	list[0].offset = a.Fill(list[0].blocks).BlockOffset
	if a.Hand(b); !a.Begun() || !b.queue.empty() {
		t.Error("handed over a packet that has begun")
	}
	a.Fill(make([]byte, 50))
	a.Hand(b)
	if n, _ := a.Waiting(); n != 0 || a.Begun() {
		t.Errorf("%d octets stay", n)
	}
	r := NewReassembler(Reassembly{}, 0)
	var got [][]byte
	for _, p := range fill(b, 1, 100) {
		got = append(got, push(r, p, start)...)
	}
	same(t, got, packets[1:]...)
}
