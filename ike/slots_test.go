package ike

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"culvert/wire"
)

// slotSA puts an SA with one timer into a fresh slot.
func slotSA(t *testing.T, s *slots, at time.Time) *slot {
	t.Helper()
	spi, err := s.reserve(testRand(byte(s.used)))
	if err != nil {
		t.Fatal(err)
	}
	sl := s.find(spi)
	sl.sa = &SA{initiator: true, spiI: spi}
	if !at.IsZero() {
		sl.sa.timers.set(timerRekey, 0, at)
	}
	s.schedule(sl)
	return sl
}

func TestSPICarriesShardAndSlot(t *testing.T) {
	s := slots{shard: 0xa5}
	for i := range 1000 {
		spi, err := s.reserve(testRand(byte(i)))
		if err != nil {
			t.Fatal(err)
		}
		if ShardOf(spi) != 0xa5 || slotOf(spi) != i || spi>>32 == 0 {
			t.Fatalf("SPI %v is of shard %x, slot %d", spi, ShardOf(spi), slotOf(spi))
		}
	}
}

// An SPI that begins with four zero octets looks like another Non-ESP Marker on port 4500.
func TestSPIDoesNotBeginLikeANonESPMarker(t *testing.T) {
	var s slots
	spi, err := s.reserve(bytes.NewReader(make([]byte, 8)))
	if err != nil || spi>>32 == 0 {
		t.Errorf("SPI %v of random octets that are all zero; %v", spi, err)
	}
}

func TestSlotIsFoundByItsWholeSPIOnly(t *testing.T) {
	var s slots
	sl := slotSA(t, &s, time.Time{})
	spi := sl.spi
	for _, other := range []wire.SPI{0, spi ^ 1<<63, spi ^ 1<<shardShift, spi + 1, 1<<64 - 1} {
		if s.find(other) != nil {
			t.Errorf("SPI %v finds the slot of %v", other, spi)
		}
	}
	if s.find(spi) != sl {
		t.Error("the SPI does not find its slot")
	}
	s.release(spi)
	if s.find(spi) != nil || s.used != 0 {
		t.Error("a released SPI is still found")
	}
	s.release(spi)
	if s.used != 0 || len(s.free) != 1 {
		t.Error("a second release counts")
	}
}

func TestReleasedSlotGetsAnotherSPI(t *testing.T) {
	s := slots{}
	r := testRand(9)
	first, _ := s.reserve(r)
	s.release(first)
	second, _ := s.reserve(r)
	if slotOf(first) != slotOf(second) || first == second {
		t.Errorf("slot reused as %v after %v", second, first)
	}
}

// TestDeadlinesComeInOrder holds the heap against a plain search, through many changes.
func TestDeadlinesComeInOrder(t *testing.T) {
	var s slots
	r := rand.New(rand.NewPCG(1, 2))
	var all []wire.SPI
	for range 3000 {
		switch op := r.IntN(4); {
		case op == 0 || len(all) == 0:
			all = append(all, slotSA(t, &s, startOfTime.Add(time.Duration(r.IntN(1000)))).spi)
		case op == 1:
			i := r.IntN(len(all))
			s.release(all[i])
			all = append(all[:i], all[i+1:]...)
		default:
			sl := s.find(all[r.IntN(len(all))])
			sl.sa.timers = timers{}
			if op == 2 {
				sl.sa.timers.set(timerRekey, 0, startOfTime.Add(time.Duration(r.IntN(1000))))
			}
			s.schedule(sl)
		}
		checkFirst(t, &s, all)
	}
}

func checkFirst(t *testing.T, s *slots, all []wire.SPI) {
	t.Helper()
	var want int64
	armed := 0
	for _, spi := range all {
		sl := s.find(spi)
		if sl.deadline == 0 {
			continue
		}
		if armed++; want == 0 || sl.deadline < want {
			want = sl.deadline
		}
	}
	first := s.first()
	if armed != len(s.due) || (first == nil) != (armed == 0) {
		t.Fatalf("%d in the heap, %d armed", len(s.due), armed)
	}
	if first != nil && first.deadline != want {
		t.Fatalf("first deadline %d, want %d", first.deadline, want)
	}
}

func TestTimers(t *testing.T) {
	var ts timers
	if _, ok := ts.takeDue(startOfTime); ok || !ts.next().IsZero() {
		t.Error("an empty set has a timer")
	}
	ts.set(timerRekey, 0, startOfTime.Add(3))
	ts.set(timerRetransmit, 7, startOfTime.Add(2))
	ts.set(timerRetransmit, 8, startOfTime.Add(1))
	ts.set(timerRekey, 0, startOfTime.Add(4))
	ts.stop(timerRetransmit, 8)
	ts.stop(timerRetransmit, 9)
	if got := ts.next(); !got.Equal(startOfTime.Add(2)) {
		t.Errorf("next is %v", got)
	}
	if _, ok := ts.takeDue(startOfTime.Add(1)); ok {
		t.Error("a timer is due too early")
	}
	for _, want := range []timerKey{{timerRetransmit, 7}, {timerRekey, 0}} {
		if got, ok := ts.takeDue(startOfTime.Add(9)); !ok || got != want {
			t.Errorf("due is %v, want %v", got, want)
		}
	}
}
