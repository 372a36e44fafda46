package filter

import (
	"bytes"

	"github.com/google/nftables/expr"
	"github.com/google/nftables/xt"
	"golang.org/x/sys/unix"
)

// A match says whether a rule is about a packet.
type match uint8

const (
	no match = iota
	maybe
	yes
)

func matched(b bool) match {
	if b {
		return yes
	}
	return no
}

func (m match) inverted(invert bool) match {
	if invert {
		return yes - m
	}
	return m
}

// rule returns the verdict of a rule, VerdictContinue if it has none for the packet, and whether it is certain.
func (w *walk) rule(c *Chain, rule []expr.Any) (expr.Verdict, bool) {
	regs, certain := registers{}, true
	for _, e := range rule {
		if v, ok := w.statement(c, regs, e); ok {
			return v, certain
		}
		switch w.match(c, regs, e) {
		case no:
			return expr.Verdict{Kind: expr.VerdictContinue}, true
		case maybe:
			certain = false
		}
	}
	return expr.Verdict{Kind: expr.VerdictContinue}, true
}

// statement returns the verdict of an expression that ends a rule.
func (w *walk) statement(c *Chain, regs registers, e expr.Any) (expr.Verdict, bool) {
	accept := expr.Verdict{Kind: expr.VerdictAccept}
	switch e := e.(type) {
	case *expr.Verdict:
		return *e, true
	case *expr.Reject:
		return expr.Verdict{Kind: expr.VerdictDrop}, true
	case *expr.Masq, *expr.NAT, *expr.Redir:
		w.found.Translated = true
		return accept, true
	case *expr.Target:
		return w.target(e)
	case *expr.Lookup:
		if v, ok := w.mapped(c, regs, e); ok {
			return v, true
		}
	}
	return expr.Verdict{}, false
}

// target is a statement of iptables.
func (w *walk) target(t *expr.Target) (expr.Verdict, bool) {
	switch t.Name {
	case "REJECT", "DROP":
		return expr.Verdict{Kind: expr.VerdictDrop}, true
	case "MASQUERADE", "SNAT", "DNAT", "REDIRECT", "NETMAP":
		w.found.Translated = true
		return expr.Verdict{Kind: expr.VerdictAccept}, true
	}
	return expr.Verdict{}, false
}

// mapped looks a verdict up in a map.
func (w *walk) mapped(c *Chain, regs registers, l *expr.Lookup) (expr.Verdict, bool) {
	if !l.IsDestRegSet || l.DestRegister != unix.NFT_REG_VERDICT {
		return expr.Verdict{}, false
	}
	s := w.rules.set(c, l.SetName)
	value, known := regs[l.SourceRegister]
	if s == nil || s.Opaque || s.Interval || !known {
		w.spared = true // whatever the verdict is
		return expr.Verdict{}, false
	}
	for _, e := range s.Elements {
		if e.VerdictData != nil && bytes.Equal(trim(e.Key, value), value) {
			return *e.VerdictData, true
		}
	}
	return expr.Verdict{}, false
}

// match evaluates one expression. Those that only load or count match always.
func (w *walk) match(c *Chain, regs registers, e expr.Any) match {
	switch e := e.(type) {
	case *expr.Meta:
		regs.load(e.Register, w.packet.meta(e.Key))
	case *expr.Payload:
		regs.load(e.DestRegister, w.packet.payload(e.Base, int(e.Offset), int(e.Len)))
	case *expr.Ct:
		regs.load(e.Register, w.packet.connection(e.Key))
	case *expr.Bitwise:
		regs.load(e.DestRegister, masked(regs[e.SourceRegister], e.Mask, e.Xor))
	case *expr.Immediate:
		regs.load(e.Register, e.Data)
	case *expr.Cmp:
		return regs.compare(e)
	case *expr.Range:
		return regs.within(e)
	case *expr.Lookup:
		return w.lookup(c, regs, e)
	case *expr.Match:
		return w.packet.match(e)
	case *expr.Counter, *expr.Log:
	default:
		return maybe
	}
	return yes
}

func (w *walk) lookup(c *Chain, regs registers, l *expr.Lookup) match {
	s := w.rules.set(c, l.SetName)
	value, known := regs[l.SourceRegister]
	if s == nil || s.Opaque || !known {
		return maybe
	}
	return matched(s.has(value)).inverted(l.Invert)
}

// has tells whether a value is in a set.
func (s *Set) has(value []byte) bool {
	if !s.Interval {
		for _, e := range s.Elements {
			if bytes.Equal(trim(e.Key, value), value) {
				return true
			}
		}
		return false
	}
	// An element begins an interval or ends one: the last one up to the value decides.
	var last []byte
	inside := false
	for _, e := range s.Elements {
		key := trim(e.Key, value)
		if bytes.Compare(key, value) > 0 || last != nil && bytes.Compare(key, last) < 0 {
			continue
		}
		if !bytes.Equal(key, last) || !e.IntervalEnd {
			last, inside = key, !e.IntervalEnd
		}
	}
	return inside
}

// trim takes the padding off a key, which is as long as the register.
func trim(key, value []byte) []byte { return key[:min(len(key), len(value))] }

// match evaluates a match of iptables.
func (h *headers) match(m *expr.Match) match {
	switch info := m.Info.(type) {
	case *xt.Udp:
		return h.ports(info.SrcPorts, info.DstPorts, uint8(info.InvFlags))
	case *xt.Tcp:
		if info.FlagsMask != 0 || info.Option != 0 {
			return maybe
		}
		return h.ports(info.SrcPorts, info.DstPorts, uint8(info.InvFlags))
	case *xt.ConntrackMtinfo1:
		return h.tracked(uint32(info.StateMask), &info.ConntrackMtinfoBase)
	case *xt.ConntrackMtinfo2:
		return h.tracked(uint32(info.StateMask), &info.ConntrackMtinfoBase)
	case *xt.ConntrackMtinfo3:
		return h.tracked(uint32(info.StateMask), &info.ConntrackMtinfoBase)
	case *xt.Comment:
		return yes
	}
	return maybe
}

// tracked compares the state of a connection with a match of iptables, which may ask for more than that.
func (h *headers) tracked(states uint32, m *xt.ConntrackMtinfoBase) match {
	const state = uint16(xt.ConntrackState)
	if m.MatchFlags&^uint16(xt.ConntrackStateAlias) != state {
		return maybe
	}
	return matched(states&h.state() != 0).inverted(m.InvertFlags&state != 0)
}

// ports compares the ports of a packet with those of iptables; bits 1 and 2 of invert are for source and destination.
func (h *headers) ports(source, destination [2]uint16, invert uint8) match {
	in := func(r [2]uint16, port uint16, invert bool) bool { return (r[0] <= port && port <= r[1]) != invert }
	return matched(in(source, h.packet.SourcePort, invert&1 != 0) && in(destination, h.packet.DestinationPort, invert&2 != 0))
}
