package nl

import (
	"fmt"
	"net/netip"
)

// An Acquire is the kernel's wish for a state.
type Acquire struct {
	Source, Destination netip.Addr // of the state that is wanted
	Selector            Selector   // of the packet that gave rise to it
	Policy              Policy
	Sequence            uint32
	CPU                 *uint32 // that wants a state of its own; nil: any
}

// ParseAcquire decodes an acquire.
func ParseAcquire(b []byte) (*Acquire, error) {
	r := reader{b: b}
	destination := r.raw()
	r.skip(8)
	source := r.raw()
	a := &Acquire{Selector: readSelector(&r), Policy: readPolicy(&r)}
	r.skip(3 * 4)
	a.Sequence = r.u32()
	if err := r.err(); err != nil {
		return nil, fmt.Errorf("acquire: %w", err)
	}
	err := attributes(r.b, func(t attribute, r *reader) {
		if t == saCPU {
			cpu := r.u32()
			a.CPU = &cpu
			return
		}
		a.Policy.attribute(t, r)
	})
	if err != nil {
		return nil, fmt.Errorf("acquire: %w", err)
	}
	if len(a.Policy.Templates) > 0 {
		f := family(a.Policy.Templates[0].Destination)
		a.Source, a.Destination = place(source, f), place(destination, f)
	}
	return a, nil
}

// An Expiry tells that a state reached a limit: a soft one, or a hard one, at which the kernel removed it.
type Expiry struct {
	State
	Hard bool
}

// ParseExpiry decodes an expiry of a state.
func ParseExpiry(b []byte) (*Expiry, error) {
	if len(b) < stateFixed+8 {
		return nil, fmt.Errorf("expiry: %w", ErrShort)
	}
	s, err := ParseState(b[:stateFixed])
	if err != nil {
		return nil, fmt.Errorf("expiry: %w", err)
	}
	if err := attributes(b[stateFixed+8:], s.attribute); err != nil {
		return nil, fmt.Errorf("expiry: %w", err)
	}
	return &Expiry{*s, b[stateFixed] != 0}, nil
}

// A Mapping tells that authenticated packets of an encapsulated state come from another address or port now.
type Mapping struct {
	StateID
	ReqID    uint32
	Old, New netip.AddrPort
}

// ParseMapping decodes a mapping.
func ParseMapping(b []byte) (*Mapping, error) {
	r := reader{b: b}
	m := &Mapping{StateID: readStateID(&r), ReqID: r.u32()}
	f := family(m.Destination)
	before, now := place(r.raw(), f), place(r.raw(), f)
	m.Old, m.New = netip.AddrPortFrom(before, r.be16()), netip.AddrPortFrom(now, r.be16())
	if err := r.err(); err != nil {
		return nil, fmt.Errorf("mapping: %w", err)
	}
	return m, nil
}

// Causes of an AE, and what one asks for.
const (
	AEReplay   = 2  // the counters
	AELifetime = 4  // what was carried
	AEMoved    = 16 // the counters went on
)

// An AE ("async event") is news of a state's counters, or a change of them.
type AE struct {
	StateID
	Flags  uint32
	ReqID  uint32
	Replay *Replay
	Usage  Usage
	Events *Events
}

// Append encodes what is to be changed, as NewAE has it, or asks for what Flags say, as GetAE.
func (e *AE) Append(b []byte) []byte {
	w := writer(b)
	e.StateID.append(&w)
	w.zero(addrLen) // source
	w.u32(e.Flags)
	w.u32(e.ReqID)
	w.mark(e.Mark)
	w.replay(e.Replay)
	if e.Usage != (Usage{}) {
		w.attr(lifetimeValue, e.Usage.append)
	}
	w.events(e.Events)
	return w
}

// ParseAE decodes the news, and the answer to GetAE.
func ParseAE(b []byte) (*AE, error) {
	r := reader{b: b}
	e := &AE{StateID: readStateID(&r)}
	r.skip(addrLen)
	e.Flags, e.ReqID = r.u32(), r.u32()
	if err := r.err(); err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	if err := attributes(r.b, e.attribute); err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	return e, nil
}

func (e *AE) attribute(t attribute, r *reader) {
	switch t {
	case replayESN:
		e.Replay = readReplayESN(r)
	case replayValue:
		e.Replay = readReplay(r)
	case lifetimeValue:
		e.Usage = readUsage(r)
	case markAttribute:
		e.Mark = readMark(r)
	case replayThreshold:
		e.events().Packets = r.u32()
	case timerThreshold:
		e.events().Tenths = r.u32()
	}
}

func (e *AE) events() *Events {
	if e.Events == nil {
		e.Events = new(Events)
	}
	return e.Events
}
