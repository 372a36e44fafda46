package xfrm

import (
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
)

// run receives events until Close. When some were lost, what they may have said is asked for.
func (b *Backend) run() {
	defer close(b.done)
	for {
		err := b.events.Receive(b.event)
		switch {
		case errors.Is(err, nl.ErrOverflow):
			b.resync()
		case err != nil:
			return
		}
	}
}

// event handles one event. Those of others than us, and those that cannot be read, mean nothing.
func (b *Backend) event(t nl.Type, data []byte) {
	switch t {
	case nl.AcquireType:
		if a, err := nl.ParseAcquire(data); err == nil {
			b.acquired(a)
		}
	case nl.ExpireType:
		if e, err := nl.ParseExpiry(data); err == nil {
			b.expired(e)
		}
	case nl.MappingType:
		if m, err := nl.ParseMapping(data); err == nil {
			b.mapped(m)
		}
	case nl.NewAE:
		if e, err := nl.ParseAE(data); err == nil && e.Flags&nl.AEMoved != 0 {
			b.moved(e)
		}
	}
}

// acquired tells of a packet that met a policy without SA, if that is what a trap is for, or one without SA of its own CPU.
func (b *Backend) acquired(a *nl.Acquire) {
	if len(a.Policy.Templates) == 0 {
		return
	}
	n := dataplane.Notice{Kind: dataplane.NoticeAcquire, Packet: flowOf(&a.Selector)}
	b.mu.Lock()
	p := b.byReqID[a.Policy.Templates[0].ReqID]
	wanted := p != nil && p.set && (p.spec.Trap || p.spec.PerResource)
	if wanted {
		n.Policy = p.spec.ID
		if a.CPU != nil && p.spec.PerResource && len(p.outs) > 0 {
			n.Resource = int(*a.CPU) + 1
		}
		wanted = p.spec.Trap || n.Resource != 0
	}
	b.mu.Unlock()
	if wanted {
		b.send(n)
	}
}

// expired tells of limits, each once.
func (b *Backend) expired(e *nl.Expiry) {
	b.mu.Lock()
	s := b.byState[e.StateID]
	n := dataplane.Notice{}
	if s != nil {
		n = s.limit(e.Hard)
		s.last.Bytes, s.last.Packets = e.Usage.Bytes, e.Usage.Packets
	}
	b.mu.Unlock()
	if n.Kind != 0 {
		b.send(n)
	}
}

// limit notes that a limit was reached, and returns the notice about it, if it was not sent yet.
func (s *sa) limit(hard bool) (n dataplane.Notice) {
	told, kind := &s.soft, dataplane.NoticeSoftLimit
	if hard {
		told, kind = &s.hard, dataplane.NoticeHardLimit
	}
	if *told {
		return n
	}
	*told = true
	return s.notice(kind)
}

func (s *sa) notice(kind dataplane.NoticeKind) dataplane.Notice {
	return dataplane.Notice{Kind: kind, SPI: s.state.SPI, Direction: s.direction, Policy: s.policy}
}

// mapped tells of a peer's new address, once for each.
func (b *Backend) mapped(m *nl.Mapping) {
	b.mu.Lock()
	s := b.byState[m.StateID]
	told := s == nil || s.direction != dataplane.Inbound || s.told == m.New
	var n dataplane.Notice
	if !told {
		s.told = m.New
		n = s.notice(dataplane.NoticeNewAddress)
		n.Path = s.path
		n.Path.Remote = netip.AddrPortFrom(m.New.Addr().WithZone(s.path.Remote.Addr().Zone()), m.New.Port())
	}
	b.mu.Unlock()
	if !told {
		b.send(n)
	}
}

// moved tells of the first packet of an inbound SA.
func (b *Backend) moved(e *nl.AE) {
	b.mu.Lock()
	s := b.byState[e.StateID]
	first := s != nil && s.waiting && e.Replay != nil && e.Replay.In > 0
	var n dataplane.Notice
	if first {
		n = s.notice(dataplane.NoticeFirstPacket)
		b.arrived(s)
		s.state.Events = &nl.Events{}
		b.note(absent(b.kernel.SetCounters(&nl.AE{StateID: s.state.StateID, Events: s.state.Events})))
	}
	b.mu.Unlock()
	if first {
		b.send(n)
	}
}

// await listens to counters as long as an SA waits for its first packet: the kernel would otherwise tell of those of everybody
// in the network namespace, at the cost of all. The caller holds the lock.
func (b *Backend) await(s *sa) {
	if !s.waiting {
		return
	}
	if b.waiting++; b.waiting == 1 {
		b.note(b.events.Join(nl.GroupAE))
	}
}

// arrived ends the wait of an SA.
func (b *Backend) arrived(s *sa) {
	if !s.waiting {
		return
	}
	s.waiting = false
	if b.waiting--; b.waiting == 0 {
		b.note(b.events.Leave(nl.GroupAE))
	}
}

// resync asks about every SA, after events were lost: which reached a limit, and which has its first packet. Acquires come
// again with the next packets, and so does news of addresses.
func (b *Backend) resync() {
	var list []dataplane.Notice
	b.mu.Lock()
	for _, s := range b.byState {
		list = append(list, b.ask(s)...)
	}
	b.mu.Unlock()
	for _, n := range list {
		b.send(n)
	}
}

// ask returns the notices about an SA that may have been lost.
func (b *Backend) ask(s *sa) (list []dataplane.Notice) {
	state, err := b.kernel.State(&s.state.StateID)
	switch {
	case errors.Is(err, unix.ESRCH) && !s.hard:
		return append(list, s.limit(true))
	case err != nil:
		return nil
	}
	u, l := state.Usage, state.Limits
	if !s.soft && (u.Bytes >= l.SoftBytes || u.Packets >= l.SoftPackets) {
		list = append(list, s.limit(false))
	}
	if s.waiting && u.Packets > 0 {
		b.arrived(s)
		list = append(list, s.notice(dataplane.NoticeFirstPacket))
	}
	return list
}
