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
	exits []atomic.Pointer[outbound] // for each worker the SA that its traffic leaves through; nil when there is none
	spec  dataplane.Policy
	outs  []*outbound // in the order of their installation; guarded by the Backend's lock
	asked []asking    // of each worker, and its own: NoticeAcquire
}

// exit returns the SA that a worker's traffic leaves through, or nil.
func (p *policy) exit(worker int) *outbound { return p.exits[worker].Load() }

// isOf tells whether an SA is bound to a worker.
func (o *outbound) isOf(worker int) bool { return o.resource == worker+1 }

// direct chooses the exits of all workers anew (RFC 9611, Section 3): the newest SA of the worker's own, else the newest of
// those for any, else the newest. The caller holds the Backend's lock.
func (p *policy) direct() {
	var last *outbound
	if n := len(p.outs); n > 0 {
		last = p.outs[n-1]
	}
	for i := range p.exits {
		p.exits[i].Store(cmp.Or(p.newest(i+1), p.newest(0), last))
	}
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
	out := p.exit(worker)
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
	state := &policy{spec: p, exits: make([]atomic.Pointer[outbound], len(b.workers)), asked: make([]asking, len(b.workers))}
	old = b.known[p.ID]
	if old != nil {
		state.outs = old.outs
		state.direct()
	}
	db, err := b.policies.Load().With(spd.Policy{
		ID: uint32(p.ID), Action: p.Action, Priority: p.Priority,
		Selectors: spd.Selectors{Local: p.Local, Remote: p.Remote},
	}, state)
	if err != nil {
		return old, err
	}
	_, err = b.reqIDs.Take(&p, nil)
	b.known[p.ID] = state
	b.policies.Store(db)
	return old, err
}

// ReqID is that of dataplane.Identifier: nothing in the host has the number, but commands and listings tell it.
func (b *Backend) ReqID(id dataplane.PolicyID) uint32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reqIDs.Of(id)
}

// withdraw takes a policy out of sight.
func (b *Backend) withdraw(id dataplane.PolicyID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.known, id)
	b.reqIDs.Give(id)
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
