package xfrm

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"culvert/dataplane"
)

// AllocateSPI is that of dataplane.Backend. The kernel would reserve an SPI for the time of a handshake only, and for one
// address; so SPIs are ours, whatever the CPU, and one that another program uses for the same address is found out by Install.
func (b *Backend) AllocateSPI(int) (uint32, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range 16 {
		var r [4]byte
		if _, err := rand.Read(r[:]); err != nil {
			return 0, fmt.Errorf("data plane: SPI: %w", err)
		}
		spi := binary.BigEndian.Uint32(r[:])
		if _, taken := b.spis[spi]; !taken && spi > lastReservedSPI {
			b.spis[spi] = true
			return spi, nil
		}
	}
	return 0, errors.New("data plane: no SPI is free")
}

// lastReservedSPI is the last SPI that is not for SAs (RFC 4303, Section 2.1).
const lastReservedSPI = 255

// ReleaseSPI is that of dataplane.Backend. Remove has released the SPI of an SA already.
func (b *Backend) ReleaseSPI(spi uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ins[spi] == nil {
		delete(b.spis, spi)
	}
}

// Install is that of dataplane.Backend.
func (b *Backend) Install(spec dataplane.SA) error {
	b.mu.Lock()
	defer b.unlock()
	if err := b.install(&spec); err != nil {
		return fmt.Errorf("data plane: SA %08x: %w", spec.SPI, err)
	}
	return nil
}

func (b *Backend) install(spec *dataplane.SA) error {
	if spec.Direction == dataplane.Inbound && (!b.spis[spec.SPI] || b.ins[spec.SPI] != nil) {
		return dataplane.ErrNotAllocated
	}
	if p := b.known[spec.Policy]; spec.Direction == dataplane.Outbound && (p == nil || !p.set) {
		return fmt.Errorf("policy %d: %w", spec.Policy, dataplane.ErrNoPolicy)
	}
	p, err := b.policy(spec.Policy)
	if err != nil {
		return err
	}
	s, err := b.add(spec, p.reqID)
	if err != nil {
		b.discard(p)
		return err
	}
	b.byState[s.state.StateID] = s
	p.mode = s.state.Mode
	if spec.Direction == dataplane.Inbound {
		b.ins[spec.SPI] = s
		p.ins++
		b.await(s)
	} else {
		p.outs = append(p.outs, s)
		b.leaving[spec.SPI] = append(b.leaving[spec.SPI], s)
		b.lead(s)
	}
	return b.renew(p)
}

// add gives an SA to the kernel.
func (b *Backend) add(spec *dataplane.SA, reqID uint32) (*sa, error) {
	state, err := b.newState(spec, reqID)
	if err != nil {
		return nil, err
	}
	s := &sa{direction: spec.Direction, policy: spec.Policy, path: spec.Path, offload: spec.Kernel.Offload, state: *state, transforms: spec.Transforms, told: spec.Path.Remote}
	s.waiting = spec.Direction == dataplane.Inbound && state.Events.Packets > 0
	if err := b.addOffloaded(s, bare(spec.Path.Local)); err != nil {
		s.clear()
		return nil, explained(err, state)
	}
	return s, nil
}

// Remove is that of dataplane.Backend.
func (b *Backend) Remove(d dataplane.Direction, spi uint32, id dataplane.PolicyID) (dataplane.Counters, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.find(d, spi, id)
	if s == nil {
		return dataplane.Counters{}, nil
	}
	c := b.counters(s)
	p := b.known[s.policy]
	var err error
	if d == dataplane.Outbound { // the policy first: it must not ask for the SA that goes
		p.outs = slices.DeleteFunc(p.outs, func(o *sa) bool { return o == s })
		b.leave(s)
		b.stray(s)
		err = b.renew(p)
	}
	err = errors.Join(err, absent(b.kernel.DeleteState(&s.state.StateID)))
	if d == dataplane.Inbound {
		delete(b.ins, spi)
		delete(b.spis, spi)
		b.arrived(s)
		p.ins--
		err = errors.Join(err, b.renew(p))
	}
	delete(b.byState, s.state.StateID)
	s.clear()
	b.discard(p)
	if err != nil {
		err = fmt.Errorf("data plane: SA %08x: %w", spi, err)
	}
	return c, err
}

// leave takes an outbound SA out of those with its SPI.
func (b *Backend) leave(s *sa) {
	spi := s.state.SPI
	if b.leaving[spi] = slices.DeleteFunc(b.leaving[spi], func(o *sa) bool { return o == s }); len(b.leaving[spi]) == 0 {
		delete(b.leaving, spi)
	}
}

// find returns an SA, or nil.
func (b *Backend) find(d dataplane.Direction, spi uint32, id dataplane.PolicyID) *sa {
	if d == dataplane.Inbound {
		return b.ins[spi]
	}
	p := b.known[id]
	if p == nil {
		return nil
	}
	i := slices.IndexFunc(p.outs, func(s *sa) bool { return s.state.SPI == spi })
	if i < 0 {
		return nil
	}
	return p.outs[i]
}
