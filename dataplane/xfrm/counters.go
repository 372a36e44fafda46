package xfrm

import (
	"fmt"
	"time"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
)

// Query is that of dataplane.Backend.
func (b *Backend) Query(d dataplane.Direction, spi uint32, id dataplane.PolicyID) (dataplane.Counters, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.find(d, spi, id)
	if s == nil {
		return dataplane.Counters{}, noSA(spi)
	}
	return b.counters(s), nil
}

func noSA(spi uint32) error { return fmt.Errorf("data plane: SA %08x: %w", spi, dataplane.ErrNoSA) }

// Survey is that of dataplane.Surveyor: it has the kernel list its states in the place of one call for each.
func (b *Backend) Survey() (dataplane.Query, error) {
	states, err := b.kernel.States()
	if err != nil {
		return nil, fmt.Errorf("data plane: counters: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, state := range states {
		if s := b.byState[state.StateID]; s != nil {
			b.hear(s, state)
		}
	}
	return b.heard, nil
}

// heard is Query by what was last heard.
func (b *Backend) heard(d dataplane.Direction, spi uint32, id dataplane.PolicyID) (dataplane.Counters, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.find(d, spi, id)
	if s == nil {
		return dataplane.Counters{}, noSA(spi)
	}
	return s.last, nil
}

// counters reads what an SA has carried, on all the paths that it had. Of one that the kernel has no more it is what was
// last heard.
func (b *Backend) counters(s *sa) dataplane.Counters {
	if state, err := b.kernel.State(&s.state.StateID); err == nil {
		b.hear(s, state)
	}
	return s.last
}

// hear takes note of what the kernel says of an SA, unless more was heard since it was asked.
func (b *Backend) hear(s *sa, state *nl.State) {
	before, now := s.last, countersOf(s.direction, state)
	if now.Packets < before.Packets {
		return
	}
	if now.LastUse == 0 && now.Packets > 0 { // before Linux 6.2 policies alone know
		now.LastUse = before.LastUse
		if now.Packets > before.Packets || before.LastUse == 0 {
			now.LastUse = max(before.LastUse, b.lastUse(s))
		}
	}
	s.last = now
}

// maxAsked bounds the policies of the kernel that are asked for the time of their last use.
const maxAsked = 16

// lastUse is when the kernel's policies of an SA last met a packet.
func (b *Backend) lastUse(s *sa) (last int64) {
	asked := 0
	for _, c := range b.known[s.policy].claims {
		if out := c.policy.Direction == nl.PolicyOut; out != (s.direction == dataplane.Outbound) || asked == maxAsked {
			continue
		}
		asked++
		if p, err := b.kernel.Policy(&c.policy.PolicyID); err == nil {
			last = max(last, int64(p.Usage.Used)*int64(time.Second))
		}
	}
	return last
}
