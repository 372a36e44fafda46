package xfrm

import (
	"errors"
	"fmt"

	"culvert/dataplane"
)

// SetPolicy is that of dataplane.Backend. The SAs of a policy that is replaced stay. After an error the backend has the
// policy that it had before, as far as the kernel lets it.
func (b *Backend) SetPolicy(spec dataplane.Policy) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.setPolicy(spec); err != nil {
		return fmt.Errorf("data plane: %s: %w", spec.Name, err)
	}
	return nil
}

func (b *Backend) setPolicy(spec dataplane.Policy) error {
	p, err := b.policy(spec.ID)
	if err != nil {
		return err
	}
	old, had := p.spec, p.set
	p.spec, p.set = spec, true
	err = b.plumber.Set(&spec)
	if err == nil {
		err = b.renew(p)
	}
	if err == nil {
		return nil
	}
	if !had {
		return errors.Join(err, b.forget(p))
	}
	p.spec = old
	return errors.Join(err, b.plumber.Set(&old), b.renew(p))
}

// policy finds a policy, or makes one with a reqid, which SAs may name before it is set.
func (b *Backend) policy(id dataplane.PolicyID) (*policy, error) {
	if p := b.known[id]; p != nil {
		return p, nil
	}
	reqID, err := b.slots.take(b.owner)
	if err != nil {
		return nil, err
	}
	b.age++
	p := &policy{reqID: reqID, age: b.age}
	p.spec.ID = id
	b.known[id], b.byReqID[reqID] = p, p
	return p, nil
}

// renew brings the kernel in step with a policy and the SAs that it has.
func (b *Backend) renew(p *policy) error {
	if !p.set {
		return nil
	}
	list, err := b.plan(p)
	if err != nil {
		return err
	}
	old := p.claims
	p.claims = list
	return b.database.replace(p.spec.ID, old, list)
}

// RemovePolicy is that of dataplane.Backend.
func (b *Backend) RemovePolicy(id dataplane.PolicyID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.known[id]
	switch {
	case p == nil || !p.set:
		return nil
	case len(p.outs) > 0:
		return fmt.Errorf("data plane: policy %d: %w", id, dataplane.ErrBusy)
	}
	if err := b.forget(p); err != nil {
		return fmt.Errorf("data plane: policy %d: %w", id, err)
	}
	return nil
}

// forget takes a policy out of the kernel. Its reqid lives as long as its last SA.
func (b *Backend) forget(p *policy) error {
	err := errors.Join(b.database.replace(p.spec.ID, p.claims, nil), b.plumber.Remove(p.spec.ID))
	p.set, p.claims = false, nil
	b.discard(p)
	return err
}

// discard gives the reqid of a policy back that nobody names any more.
func (b *Backend) discard(p *policy) {
	if !p.set && len(p.outs) == 0 && p.ins == 0 {
		delete(b.known, p.spec.ID)
		delete(b.byReqID, p.reqID)
		b.slots.give(p.reqID)
	}
}
