package fake

import (
	"fmt"

	"culvert/dataplane"
	"culvert/spd"
)

// policy is a policy with its outbound SAs.
type policy struct {
	dataplane.Policy
	outs []*outbound // in the order of their installation
}

// find returns the outbound SA with an SPI, or nil.
func (p *policy) find(spi uint32) *outbound {
	if p == nil {
		return nil
	}
	for _, out := range p.outs {
		if out.esp.SPI() == spi {
			return out
		}
	}
	return nil
}

// latest returns the SA that a worker's traffic leaves through, or nil: the newest of its own, else of all, else any.
func (p *policy) latest(worker int) (best *outbound) {
	rank := func(out *outbound) int {
		switch {
		case out == nil:
			return -1
		case out.resource == worker:
			return 2
		case out.resource == 0:
			return 1
		}
		return 0
	}
	for _, out := range p.outs {
		if rank(out) >= rank(best) {
			best = out
		}
	}
	return best
}

// SetPolicy is that of dataplane.Backend. The SAs of a policy that is replaced stay.
func (b *Backend) SetPolicy(p dataplane.Policy) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	state := &policy{Policy: p}
	if old := b.policies[p.ID]; old != nil {
		state.outs = old.outs
	}
	db, err := b.db.With(spd.Policy{
		ID: uint32(p.ID), Action: p.Action, Priority: p.Priority,
		Selectors: spd.Selectors{Local: p.Local, Remote: p.Remote},
	}, state)
	if err != nil {
		return fmt.Errorf("fake data plane: %s: %w", p.Name, err)
	}
	b.db, b.policies[p.ID] = db, state
	_, err = b.reqIDs.Take(&p, nil)
	return err
}

// ReqID is that of dataplane.Identifier.
func (b *Backend) ReqID(id dataplane.PolicyID) uint32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reqIDs.Of(id)
}

// RemovePolicy is that of dataplane.Backend.
func (b *Backend) RemovePolicy(id dataplane.PolicyID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.policies[id]
	if p == nil {
		return nil
	}
	if len(p.outs) > 0 {
		return fmt.Errorf("fake data plane: policy %d: %w", id, dataplane.ErrBusy)
	}
	delete(b.policies, id)
	b.reqIDs.Give(id)
	b.db = b.db.Without(uint32(id))
	return nil
}
