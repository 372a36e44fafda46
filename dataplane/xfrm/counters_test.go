package xfrm

import (
	"errors"
	"testing"

	"culvert/dataplane"
)

// The counters of all SAs take one question, however many there are.
func TestSurveyAsksTheKernelOnce(t *testing.T) {
	b := newBench(t)
	var spis []uint32
	for i := range 50 {
		spi := b.inbound(t, dataplane.PolicyID(i+1))
		spis = append(spis, spi)
		for id, s := range b.kernel.states {
			if id.SPI == spi {
				s.Usage.Packets, s.LastUsed = uint64(i+1), 7
			}
		}
	}
	b.kernel.asked = 0
	query, err := b.Survey()
	if err != nil {
		t.Fatal(err)
	}
	for i, spi := range spis {
		if c, err := query(dataplane.Inbound, spi, dataplane.PolicyID(i+1)); err != nil || c.Packets != uint64(i+1) || c.LastUse != 7e9 {
			t.Errorf("SA %d: %+v, %v", i, c, err)
		}
	}
	if b.kernel.asked != 1 {
		t.Errorf("the kernel was asked %d times", b.kernel.asked)
	}
	if _, err := query(dataplane.Outbound, 7, 1); !errors.Is(err, dataplane.ErrNoSA) {
		t.Errorf("an SA that is not there: %v", err)
	}
}

// What a survey has read too early does not have counters fall.
func TestSurveysDoNotHaveCountersFall(t *testing.T) {
	b := newBench(t)
	spi := b.inbound(t, 1)
	s := b.ins[spi]
	late, early := *b.kernel.states[s.state.StateID], *b.kernel.states[s.state.StateID]
	late.Usage.Packets, early.Usage.Packets = 9, 4
	b.hear(s, &late)
	b.hear(s, &early)
	if s.last.Packets != 9 {
		t.Errorf("it has %d packets", s.last.Packets)
	}
}
