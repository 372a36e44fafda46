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
	device, err := b.deviceOf(&spec)
	if err != nil {
		return err
	}
	p, err := b.policyAs(&spec)
	if err != nil {
		return err
	}
	old, had, before := p.spec, p.set, p.device
	p.spec, p.set, p.device = spec, true, device
	err = b.plumb(&spec)
	if err == nil {
		err = b.renew(p)
	}
	if err == nil {
		return nil
	}
	if !had {
		return errors.Join(err, b.forget(p))
	}
	p.spec, p.device = old, before
	return errors.Join(err, b.plumb(&old), b.renew(p))
}

// deviceOf returns the number of the network device that a policy is limited to; 0: it is to none.
func (b *Backend) deviceOf(spec *dataplane.Policy) (uint32, error) {
	name := spec.Kernel.Device
	if name == "" {
		return 0, nil
	}
	index, err := b.plumber.Index(name)
	if err != nil {
		return 0, fmt.Errorf("network device %s: %w", name, err)
	}
	return index, nil
}

// plumb makes routes and addresses for a policy, if it is ours to make.
func (b *Backend) plumb(spec *dataplane.Policy) error {
	if spec.Kernel.NoPolicies {
		return b.plumber.Remove(spec.ID)
	}
	return b.plumber.Set(spec)
}

// policy finds a policy, or makes one with a reqid, which SAs may name before it is set.
func (b *Backend) policy(id dataplane.PolicyID) (*policy, error) {
	return b.policyAs(&dataplane.Policy{ID: id})
}

// policyAs is policy with the reqid that a new one gets: what is configured, or one of ours. Others may have that which is
// configured, so nothing is found by it.
func (b *Backend) policyAs(spec *dataplane.Policy) (*policy, error) {
	if p := b.known[spec.ID]; p != nil {
		return p, nil
	}
	b.age++
	p := &policy{reqID: spec.ReqID, age: b.age}
	p.spec.ID = spec.ID
	if p.reqID == 0 {
		var err error
		if p.reqID, err = b.reqIDs.Take(spec, func() (uint32, error) { return b.slots.take(b.owner) }); err != nil {
			return nil, err
		}
		b.byReqID[p.reqID] = p
	}
	b.known[spec.ID] = p
	return p, nil
}

// ReqID is that of dataplane.Identifier.
func (b *Backend) ReqID(id dataplane.PolicyID) uint32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.known[id]; p != nil {
		return p.reqID
	}
	return 0
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
		if number, last := b.reqIDs.Give(p.spec.ID); last {
			delete(b.byReqID, number)
			b.slots.give(number)
		}
	}
}
