package nl

import (
	"fmt"
	"net/netip"
)

// PolicyDirection says to which packets a policy applies.
type PolicyDirection uint8

// The directions: to this host, from it, and through it.
const (
	PolicyIn PolicyDirection = iota
	PolicyOut
	PolicyForward
)

// Action is what becomes of packets. Those that are allowed take the templates of the policy.
type Action uint8

// The actions.
const (
	Allow Action = 0
	Block Action = 1
)

// PolicyFlags change how a policy works.
type PolicyFlags uint8

// PolicyCPUAcquire has every CPU ask for a state of its own (Linux 6.13).
const PolicyCPUAcquire PolicyFlags = 4

// maxTemplates is how many templates the kernel takes.
const maxTemplates = 6

// A Template describes the states that a policy wants.
type Template struct {
	Source, Destination netip.Addr // of the states; 0 is any where the state is inbound
	ReqID               uint32
	Mode                Mode
	Optional            bool   // packets may come without
	SPI                 uint32 // of the state; 0: any
}

// A PolicyID names a policy: no two have the same direction, selector, mark and interface.
type PolicyID struct {
	Direction PolicyDirection
	Selector  Selector
	Mark      Mark
	IfID      uint32
	Label     string
}

// A Policy is one direction of what RFC 4301 calls an entry of the SPD.
type Policy struct {
	PolicyID
	Limits    Limits // the kernel heeds the ages alone, and keeps the others
	Usage     Usage
	Priority  uint32 // the lowest goes first
	Index     uint32
	Action    Action
	Flags     PolicyFlags
	Templates []Template
	Offload   Offload
}

// Append encodes a policy as NewPolicy and UpdPolicy have it.
func (p *Policy) Append(b []byte) []byte {
	w := writer(b)
	p.append(&w)
	if len(p.Templates) > 0 {
		w.attr(templates, func(w *writer) {
			for i := range p.Templates {
				p.Templates[i].append(w)
			}
		})
	}
	p.appendID(&w)
	w.offload(p.Offload)
	return w
}

// AppendSocket encodes a policy as a socket option: the fixed part alone.
func (p *Policy) AppendSocket(b []byte) []byte {
	w := writer(b)
	p.append(&w)
	return w
}

func (p *Policy) append(w *writer) {
	p.Selector.append(w)
	p.Limits.append(w)
	p.Usage.append(w)
	w.u32(p.Priority)
	w.u32(p.Index)
	w.u8(uint8(p.Direction), uint8(p.Action), uint8(p.Flags))
	w.zero(5)
}

// appendID appends the attributes that belong to the name of a policy.
func (id *PolicyID) appendID(w *writer) {
	w.mark(id.Mark)
	w.optional32(interfaceID, id.IfID)
	w.label(id.Label)
}

// Append encodes the name of a policy as DelPolicy and GetPolicy have it.
func (id *PolicyID) Append(b []byte) []byte {
	w := writer(b)
	id.Selector.append(&w)
	w.u32(0) // index
	w.u8(uint8(id.Direction))
	w.zero(3)
	id.appendID(&w)
	return w
}

func (t *Template) append(w *writer) {
	addresses := family(t.Destination)
	w.addr(t.Destination)
	w.be32(t.SPI)
	w.u8(ProtocolESP)
	w.zero(3)
	w.u16(addresses)
	w.zero(2)
	w.addr(t.Source)
	w.u32(t.ReqID)
	optional := uint8(0)
	if t.Optional {
		optional = 1
	}
	w.u8(uint8(t.Mode), 0, optional, 0)
	for range 3 {
		w.u32(^uint32(0)) // every algorithm
	}
}

func readTemplate(r *reader) (t Template) {
	destination := r.raw()
	t.SPI = r.be32()
	r.skip(4)
	addresses := r.u16()
	r.skip(2)
	t.Source, t.Destination = place(r.raw(), addresses), place(destination, addresses)
	t.ReqID = r.u32()
	t.Mode = Mode(r.u8())
	r.skip(1)
	t.Optional = r.u8() != 0
	r.skip(1 + 3*4)
	return t
}

// ParsePolicy decodes a policy.
func ParsePolicy(b []byte) (*Policy, error) {
	r := reader{b: b}
	p := readPolicy(&r)
	if err := r.err(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if err := attributes(r.b, p.attribute); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return &p, nil
}

func readPolicy(r *reader) (p Policy) {
	p.Selector = readSelector(r)
	p.Limits, p.Usage = readLimits(r), readUsage(r)
	p.Priority, p.Index = r.u32(), r.u32()
	p.Direction, p.Action, p.Flags = PolicyDirection(r.u8()), Action(r.u8()), PolicyFlags(r.u8())
	r.skip(5)
	return p
}

func (p *Policy) attribute(t attribute, r *reader) {
	switch t {
	case templates:
		p.Templates = readTemplates(r)
	case markAttribute:
		p.Mark = readMark(r)
	case interfaceID:
		p.IfID = r.u32()
	case securityContext:
		p.Label = readLabel(r)
	case offloadDevice:
		p.Offload = Offload{int(int32(r.u32())), r.u8()}
	}
}

func readTemplates(r *reader) (list []Template) {
	for len(r.b) > 0 && len(list) < maxTemplates {
		list = append(list, readTemplate(r))
	}
	return list
}
