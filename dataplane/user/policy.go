package user

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"culvert/dataplane"
	"culvert/spd"
)

// policy is what the database holds for a policy.
type policy struct {
	spec dataplane.Policy
	out  atomic.Pointer[outbound] // the SA that traffic leaves through, nil when there is none
	outs []*outbound              // in the order of their installation; guarded by the Backend's lock

	acquires limiter // the sending worker's
}

// carriesNonFirst tells whether the SA in use takes fragments without ports.
func (p *policy) carriesNonFirst() bool {
	out := p.out.Load()
	return out != nil && out.nonFirst
}

// SetPolicy is that of dataplane.Backend. The SAs of a policy that is replaced stay. After an error the backend has the
// policy that it had before.
func (b *Backend) SetPolicy(p dataplane.Policy) error {
	old, err := b.publish(p)
	if err != nil {
		return fmt.Errorf("data plane: %s: %w", p.Name, err)
	}
	b.tx.release()
	if err = b.plumber.Set(p); err == nil {
		return nil
	}
	if old == nil {
		b.withdraw(p.ID)
	} else if _, again := b.publish(old.spec); again != nil {
		err = errors.Join(err, again)
	}
	return fmt.Errorf("data plane: %w", err)
}

// publish puts a policy where the workers see it, and returns the one that was there, or nil.
func (b *Backend) publish(p dataplane.Policy) (old *policy, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	state := &policy{spec: p, acquires: limiter{every: noticeEvery, burst: 1}}
	old = b.known[p.ID]
	if old != nil {
		state.outs = old.outs
		state.out.Store(old.out.Load())
	}
	db, err := b.policies.Load().With(spd.Policy{
		ID: uint32(p.ID), Action: p.Action, Priority: p.Priority,
		Selectors: spd.Selectors{Local: slices.Clone(p.Local), Remote: slices.Clone(p.Remote)},
	}, state)
	if err != nil {
		return old, err
	}
	b.known[p.ID] = state
	b.policies.Store(db)
	return old, nil
}

// withdraw takes a policy out of sight.
func (b *Backend) withdraw(id dataplane.PolicyID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.known, id)
	b.policies.Store(b.policies.Load().Without(uint32(id)))
}

// RemovePolicy is that of dataplane.Backend. Routes go first, so that the host never sends into the device what nobody
// expects there.
func (b *Backend) RemovePolicy(id dataplane.PolicyID) error {
	b.mu.Lock()
	p := b.known[id]
	busy := p != nil && len(p.outs) > 0
	b.mu.Unlock()
	if busy {
		return fmt.Errorf("data plane: policy %d: %w", id, dataplane.ErrBusy)
	}
	err := b.plumber.Remove(id)
	b.withdraw(id)
	return err
}
