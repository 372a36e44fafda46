package user

import (
	"bytes"
	"sync"
	"testing"

	"culvert/dataplane"
	"culvert/esp"
)

// A lens keeps what it sees.
type lens struct {
	mu   sync.Mutex
	seen []dataplane.TappedPacket
}

// Tap is that of dataplane.Tap.
func (l *lens) Tap(p *dataplane.TappedPacket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := *p
	c.Data = bytes.Clone(p.Data)
	l.seen = append(l.seen, c)
}

// take returns what was seen.
func (l *lens) take() []dataplane.TappedPacket {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := l.seen
	l.seen = nil
	return seen
}

// A tap sees a packet as it is inside and as it leaves, and the same on the way back, with whose it is; without one nothing is
// kept.
func TestTapSeesBothSidesOfESP(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	spi := s.loop(1, nil)
	var l lens
	s.SetTap(&l)
	plain := datagram(7, 100)
	s.device.put(plain)
	for s.workers[0].tx.step() {
	}
	bursts := s.network.take()
	seen := l.take()
	if len(seen) != 2 || !seen[0].Inner || seen[0].Policy != 1 || !bytes.Equal(seen[0].Data, plain) || seen[1].Inner || seen[1].SPI != spi || !bytes.Equal(seen[1].Data, bursts[0].Data) {
		t.Fatalf("sent: %+v", seen)
	}
	sealed := bytes.Clone(bursts[0].Data)
	in := dataplane.Burst{Path: bursts[0].Path, Data: sealed}
	s.Backend.HandleESP(0, []dataplane.Burst{in})
	seen = l.take()
	if len(seen) != 2 || seen[0].Inner || seen[0].SPI != spi || seen[0].Policy != 1 || seen[0].Drop != 0 || !bytes.Equal(seen[0].Data, bursts[0].Data) ||
		!seen[1].Inner || seen[1].Direction != dataplane.Inbound || !bytes.Equal(seen[1].Data, plain) {
		t.Fatalf("received: %+v", seen)
	}
	s.SetTap(nil)
	s.device.put(plain)
	for s.workers[0].tx.step() {
	}
	if seen := l.take(); len(seen) != 0 {
		t.Errorf("seen without a tap: %+v", seen)
	}
}

// What is dropped is seen with the reason.
func TestTapTellsWhyPacketsAreDropped(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	spi := s.loop(1, nil)
	var l lens
	s.SetTap(&l)
	s.device.put(packet4(17, "10.1.0.1", "192.0.2.77", make([]byte, 20)))
	for s.workers[0].tx.step() {
	}
	forged := append([]byte{byte(spi >> 24), byte(spi >> 16), byte(spi >> 8), byte(spi), 0, 0, 0, 1}, make([]byte, 64)...)
	for _, p := range [][]byte{forged, {0, 0, 9, 9, 0, 0, 0, 1}, {1, 2}} {
		s.Backend.HandleESP(0, []dataplane.Burst{{Path: sa(dataplane.Inbound, spi, 1).Path, Data: p}})
	}
	want := []esp.Drop{esp.ErrNoPolicy, esp.ErrAuthentication, esp.ErrUnknownSPI, esp.ErrTruncated}
	seen := l.take()
	if len(seen) != len(want) {
		t.Fatalf("seen: %+v", seen)
	}
	for i, d := range want {
		if seen[i].Drop != d {
			t.Errorf("%+v, want %v", seen[i], d)
		}
	}
}

// A tap that nobody has costs no allocation, and a batch one look.
func TestNoTapNoAllocation(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	s.loop(1, nil)
	var l lens
	s.SetTap(&l)
	s.SetTap(nil)
	if n := testing.AllocsPerRun(100, func() { s.Backend.HandleESP(0, nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
