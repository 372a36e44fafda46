package user

import (
	"testing"
	"time"

	"culvert/dataplane"
)

// Workers send in the order of sequence numbers. A cover that meets the limit of the SA has to send what it took numbers for.
func TestCoverThatMeetsALimitHoldsUpNobody(t *testing.T) {
	s := newBenchOf(t, 2)
	s.protect(1, nil)
	s.loop(1, func(sa *dataplane.SA) { sa.Cover, sa.HardPackets = 1000, 3 })
	out := s.known[1].outs[0]
	s.clock = s.clock.Add(10 * time.Millisecond)
	if out.cover.beat(s.clock) {
		t.Fatal("the cover goes on beyond the limit")
	}
	if next, last := out.turn.next.Load(), out.esp.Sequence(); last != 3 || next != last+1 {
		t.Errorf("it is the turn of number %d after %d were taken: whoever took the next waits for ever", next, last)
	}
	if n := len(s.network.take()); n == 0 {
		t.Error("what was sealed was not sent")
	}
}

func TestSAsOfAClosedBackendCanBeRemoved(t *testing.T) {
	s := newBench(t)
	s.protect(1, nil)
	spi := s.loop(1, func(sa *dataplane.SA) { sa.Cover = 1000 })
	s.start()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Remove(dataplane.Outbound, spi, 1); err != nil {
		t.Error(err)
	}
}
