package xfrm

import (
	"net/netip"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
	"culvert/esp"
	"culvert/spd"
)

// policy is what the backend knows about a policy.
type policy struct {
	spec   dataplane.Policy
	reqID  uint32
	age    uint64
	set    bool   // SetPolicy was called; before, only SAs name it
	device uint32 // to which it is limited; 0: to none
	outs   []*sa  // in the order of their installation
	ins    int
	mode   nl.Mode // of the SAs, once there were some
	claims []claim
}

// out is the SA that traffic leaves through, or nil.
func (p *policy) out() *sa {
	if len(p.outs) == 0 {
		return nil
	}
	return p.outs[len(p.outs)-1]
}

// plan lists the claims of a policy.
func (b *Backend) plan(p *policy) ([]claim, error) {
	if p.spec.Kernel.NoPolicies {
		return nil, nil
	}
	out, err := matches(p.spec.Local, p.spec.Remote)
	if err != nil {
		return nil, err
	}
	in, err := matches(p.spec.Remote, p.spec.Local)
	if err != nil {
		return nil, err
	}
	limitToDevice(p.device, out, in)
	var list []claim
	for i := range out {
		list = append(list, b.claim(p, nl.PolicyOut, &out[i]))
		if p.spec.Kernel.ForwardOut {
			list = append(list, b.passing(p, &out[i]))
		}
	}
	for i := range in {
		list = append(list, b.claim(p, nl.PolicyIn, &in[i]), b.claim(p, nl.PolicyForward, &in[i]))
	}
	return list, nil
}

// limitToDevice has matches take the packets of one network device alone. They go before others with the same selectors.
func limitToDevice(index uint32, lists ...[]match) {
	if index == 0 {
		return
	}
	for _, list := range lists {
		for i := range list {
			list[i].Device = index
			list[i].specific++
		}
	}
}

func (b *Backend) claim(p *policy, direction nl.PolicyDirection, m *match) claim {
	k := &p.spec.Kernel
	mark, ifID := k.MarkIn, k.IfIDIn
	if direction == nl.PolicyOut {
		mark, ifID = k.MarkOut, k.IfIDOut
	}
	c := claim{owner: p.spec.ID, priority: p.spec.Priority, age: p.age, specific: m.specific, receiving: p.ins > 0}
	c.policy = nl.Policy{
		PolicyID: nl.PolicyID{Direction: direction, Selector: m.Selector, Mark: markOf(mark), IfID: ifID.Number, Label: k.Label},
		Limits:   b.owner.limits(), Action: nl.Allow,
	}
	switch {
	case p.spec.Action == spd.Discard:
		c.policy.Action = nl.Block
	case p.spec.Action == spd.Protect && direction == nl.PolicyOut:
		b.protect(p, &c.policy)
	case p.spec.Action == spd.Protect:
		c.policy.Templates = []nl.Template{p.template(c.policy.Selector.Source.Addr())}
	}
	return c
}

// passing lets what leaves through a tunnel be forwarded to it: the policy for what leaves protects it.
func (b *Backend) passing(p *policy, m *match) claim {
	c := b.claim(p, nl.PolicyForward, m)
	c.policy.Mark, c.policy.IfID, c.policy.Templates = markOf(p.spec.Kernel.MarkOut), p.spec.Kernel.IfIDOut.Number, nil
	return c
}

// protect says what becomes of outbound traffic: it takes an SA, asks for one, or is blocked.
func (b *Backend) protect(p *policy, to *nl.Policy) {
	sa := p.out()
	t := p.template(to.Selector.Source.Addr())
	switch {
	case sa != nil && p.spec.Mode == esp.Tunnel:
		t.Source, t.Destination = sa.state.Source, sa.state.Destination
		if sa.state.Offload.Flags&nl.OffloadPacket != 0 {
			to.Offload = nl.Offload{Interface: sa.state.Offload.Interface, Flags: nl.OffloadPacket}
		}
	case sa == nil && !p.spec.Trap:
		to.Action = nl.Block
	}
	switch {
	case sa != nil && !p.spec.PerResource: // a policy whose place this one is to take may have newer SAs with the same reqid
		t.SPI = sa.state.SPI
	case sa != nil && b.features.PerCPU:
		to.Flags |= nl.PolicyCPUAcquire
	}
	to.Templates = []nl.Template{t}
}

// template is the one that any SA of the policy meets. In transport mode the addresses are those of the packets, and of their
// family.
func (p *policy) template(inside netip.Addr) nl.Template {
	t := nl.Template{Source: unspecified(true), Destination: unspecified(true), ReqID: p.reqID, Mode: max(p.mode, nl.ModeTunnel)}
	if p.spec.Mode == esp.Transport {
		t.Source, t.Destination, t.Mode = unspecified(inside.Is4()), unspecified(inside.Is4()), nl.ModeTransport
	}
	return t
}
