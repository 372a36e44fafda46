package user

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"culvert/dataplane"
	"culvert/spd"
)

// policy is what the database holds for a policy.
type policy struct {
	spec  dataplane.Policy
	exits atomic.Pointer[[]exit] // of each worker; nil when there is no SA
	outs  []*outbound            // in the order of their installation; guarded by the Backend's lock
	asked []noticed              // of each worker, and its own: NoticeAcquire
}

// An exit is the SA that a worker's traffic leaves through.
type exit struct {
	sa  *outbound
	own bool // bound to this worker
}

// exit returns that of a worker; its SA is nil when there is none.
func (p *policy) exit(worker int) exit {
	all := p.exits.Load()
	if all == nil {
		return exit{}
	}
	return (*all)[worker]
}

// direct chooses the exits of all workers anew (RFC 9611, Section 3): the newest SA of the worker's own, else the newest of
// those for any, else the newest. The caller holds the Backend's lock.
func (p *policy) direct(workers int) {
	if len(p.outs) == 0 {
		p.exits.Store(nil)
		return
	}
	all := make([]exit, workers)
	newest := p.outs[len(p.outs)-1]
	for i := range all {
		own, common := p.newest(i+1), p.newest(0)
		all[i] = exit{sa: cmp.Or(own, common, newest), own: own != nil}
	}
	p.exits.Store(&all)
}

// newest returns the SA of a resource that was installed last, or nil.
func (p *policy) newest(resource int) *outbound {
	for _, o := range slices.Backward(p.outs) {
		if o.resource == resource {
			return o
		}
	}
	return nil
}

// carriesNonFirst tells whether the SA that a worker uses takes fragments without ports.
func (p *policy) carriesNonFirst(worker int) bool {
	out := p.exit(worker).sa
	return out != nil && out.nonFirst
}

// SetPolicy is that of dataplane.Backend. The SAs of a policy that is replaced stay. After an error the backend has the
// policy that it had before.
func (b *Backend) SetPolicy(p dataplane.Policy) error {
	if p.Kernel != (dataplane.Kernel{}) {
		return fmt.Errorf("data plane: %s: %w", p.Name, dataplane.ErrKernelOnly)
	}
	old, err := b.publish(p)
	if err != nil {
		return fmt.Errorf("data plane: %s: %w", p.Name, err)
	}
	b.release()
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
	state := &policy{spec: p, asked: make([]noticed, len(b.workers))}
	old = b.known[p.ID]
	if old != nil {
		state.outs = old.outs
		state.exits.Store(old.exits.Load())
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
