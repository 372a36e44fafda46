package xfrm

import (
	"fmt"
	"runtime"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
)

// Resources is how many CPUs can have SAs of their own (RFC 9611).
func (b *Backend) Resources() int {
	if !b.features.PerCPU {
		return 0
	}
	return runtime.NumCPU()
}

// Sequence reads the sequence number of an SA: the last used, or the highest accepted.
func (b *Backend) Sequence(d dataplane.Direction, spi uint32, id dataplane.PolicyID) (uint64, error) {
	e, err := b.replay(d, spi, id)
	if err != nil {
		return 0, err
	}
	if d == dataplane.Outbound {
		return e.Replay.Out, nil
	}
	return e.Replay.In, nil
}

// SetSequence has an SA go on from a sequence number. Of an inbound SA everything up to the number counts as received.
func (b *Backend) SetSequence(d dataplane.Direction, spi uint32, id dataplane.PolicyID, n uint64) error {
	e, err := b.replay(d, spi, id)
	if err != nil {
		return err
	}
	if d == dataplane.Outbound {
		e.Replay.Out = n
	} else {
		e.Replay.In = n
		for i := range e.Replay.Words {
			e.Replay.Words[i] = ^uint32(0)
		}
	}
	if err := b.kernel.SetCounters(&nl.AE{StateID: e.StateID, Replay: e.Replay}); err != nil {
		return fmt.Errorf("data plane: SA %08x: %w", spi, err)
	}
	return nil
}

func (b *Backend) replay(d dataplane.Direction, spi uint32, id dataplane.PolicyID) (*nl.AE, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.find(d, spi, id)
	if s == nil {
		return nil, fmt.Errorf("data plane: SA %08x: %w", spi, dataplane.ErrNoSA)
	}
	e, err := b.kernel.Counters(&s.state.StateID)
	if err == nil && e.Replay == nil {
		err = errNoReplay
	}
	if err != nil {
		return nil, fmt.Errorf("data plane: SA %08x: %w", spi, err)
	}
	e.StateID = s.state.StateID
	return e, nil
}
