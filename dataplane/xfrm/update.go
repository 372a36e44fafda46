package xfrm

import (
	"errors"
	"fmt"
	"math"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
)

// An outbound SA that moves is added once more with its new addresses, and the policy leads to it before the old one goes:
// no packet is lost. Its sequence numbers go on where the old one cannot get to in the meantime, since a number that were used
// twice would be dropped by the peer, and break the cipher.
const sequenceLeap = 1 << 16

// The kernel's own MIGRATE is not used: it goes by reqid and addresses, which the SAs of a child share while it is rekeyed, and
// copies sequence numbers while they are in use.

// Update is that of dataplane.Backend.
func (b *Backend) Update(inbound, outbound uint32, path dataplane.Path) error {
	b.mu.Lock()
	defer b.unlock()
	in := b.ins[inbound]
	if in == nil {
		return fmt.Errorf("data plane: inbound SA %08x: %w", inbound, dataplane.ErrNoSA)
	}
	var out *sa
	if outbound != 0 {
		if out = b.find(dataplane.Outbound, outbound, in.policy); out == nil {
			return fmt.Errorf("data plane: outbound SA %08x: %w", outbound, dataplane.ErrNoSA)
		}
	}
	if err := b.move(in, path); err != nil {
		return fmt.Errorf("data plane: SA %08x: %w", inbound, err)
	}
	if out == nil {
		return nil
	}
	if err := b.move(out, path); err != nil {
		return fmt.Errorf("data plane: SA %08x: %w", outbound, err)
	}
	return nil
}

// move takes an SA to a path.
func (b *Backend) move(s *sa, path dataplane.Path) error {
	next := s.state
	if err := setPath(&next, s.direction, &path); err != nil {
		return err
	}
	b.follow(s, path)
	switch {
	case next.Source == s.state.Source && next.Destination == s.state.Destination && next.Encap == s.state.Encap || s.hard:
		return nil
	case next.StateID != s.state.StateID:
		return b.replace(s, &next)
	case next.Encap.Type == s.state.Encap.Type && (s.direction == dataplane.Inbound || next.Source == s.state.Source):
		// Ports can be changed in place. Of an inbound state the source is not looked at.
		return b.updatePorts(s, &next)
	}
	return b.readd(s, &next)
}

// follow notes the path of an SA.
func (b *Backend) follow(s *sa, path dataplane.Path) {
	if s.direction == dataplane.Inbound {
		s.path, s.told = path, path.Remote
		return
	}
	b.stray(s)
	s.path, s.told = path, path.Remote
	b.lead(s)
}

func (b *Backend) updatePorts(s *sa, next *nl.State) error {
	if err := b.kernel.UpdateState(next); err != nil {
		return err
	}
	s.state.Source, s.state.Encap = next.Source, next.Encap
	return b.renew(b.known[s.policy])
}

// replace adds the state with another name before the old one goes.
func (b *Backend) replace(s *sa, next *nl.State) error {
	c := b.counters(s)
	if err := b.resume(s, next); err != nil {
		return err
	}
	old := s.state.StateID
	if err := b.kernel.AddState(next); err != nil {
		return explained(err, next)
	}
	b.rename(s, next)
	err := b.renew(b.known[s.policy])
	return errors.Join(err, absent(b.kernel.DeleteState(&old)), b.restore(s, c))
}

// readd adds the state again under its name. In between, for some microseconds, there is none.
func (b *Backend) readd(s *sa, next *nl.State) error {
	c := b.counters(s)
	if err := b.resume(s, next); err != nil {
		return err
	}
	if err := absent(b.kernel.DeleteState(&s.state.StateID)); err != nil {
		return err
	}
	if err := b.kernel.AddState(next); err != nil {
		return errors.Join(explained(err, next), b.kernel.AddState(&s.state))
	}
	b.rename(s, next)
	return errors.Join(b.renew(b.known[s.policy]), b.restore(s, c))
}

// rename notes what a state has become.
func (b *Backend) rename(s *sa, next *nl.State) {
	delete(b.byState, s.state.StateID)
	s.state = *next
	b.byState[next.StateID] = s
}

var errNoReplay = errors.New("the kernel did not say where sequence numbers stand")

// resume has a state go on where the kernel's stands now.
func (b *Backend) resume(s *sa, next *nl.State) error {
	e, err := b.kernel.Counters(&s.state.StateID)
	if err != nil {
		return err
	}
	if e.Replay == nil {
		return errNoReplay
	}
	if s.direction == dataplane.Outbound {
		e.Replay.Out = leap(&s.state, e.Replay.Out)
	}
	next.Replay = e.Replay
	return nil
}

// leap is the number that a state goes on behind after last: at most the last one of 32 bits where there are no extended
// numbers, behind which the kernel sends nothing any more.
func leap(s *nl.State, last uint64) uint64 {
	if s.Flags&nl.ESN == 0 {
		return min(last+sequenceLeap, math.MaxUint32)
	}
	return last + sequenceLeap
}

// restore gives a state that was added again what its predecessor had carried, so that limits stay what they were.
func (b *Backend) restore(s *sa, c dataplane.Counters) error {
	e := &nl.AE{StateID: s.state.StateID, Usage: nl.Usage{Bytes: c.Bytes, Packets: c.Packets}}
	state, err := b.kernel.State(&s.state.StateID)
	if err != nil {
		return err
	}
	e.Usage.Added, e.Usage.Used = state.Usage.Added, state.Usage.Used
	e.Usage.Bytes += state.Usage.Bytes
	e.Usage.Packets += state.Usage.Packets
	return b.kernel.SetCounters(e)
}
