package trial

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"culvert/api"
	"culvert/spd"
	"culvert/trial/ping"
)

// A probe is an echo request that a child is to carry.
type probe struct {
	child    string
	from, to netip.Addr
	guessed  bool // nobody may have the address
	mtu      *api.MTU
}

// traffic sends a few packets and sees them counted, both ways.
func (t *trial) traffic() (Verdict, string, error) {
	v, err := t.look()
	if err != nil {
		return Failed, "", err
	}
	p, why := t.probe(v)
	if p == nil {
		return Unknown, why, nil
	}
	before := count(v, p.child)
	rtt, lost := t.ping(*p)
	now, err := t.await("", func(v view) bool { return lost != nil || count(v, p.child).beyond(before) })
	if err != nil && t.ctx.Err() != nil {
		return Failed, "", err
	}
	verdict, text := judge(p, rtt, lost, before, count(now, p.child))
	return verdict, text, nil
}

// judge says what answers and counters mean.
func judge(p *probe, rtt time.Duration, lost error, before, now counters) (Verdict, string) {
	in, out := now.in-before.in, now.out-before.out
	switch {
	case lost == nil && now.beyond(before):
		return OK, fmt.Sprintf("%s answers %s in %v; %s has carried packets both ways", p.to, p.from, rtt.Round(10*time.Microsecond), p.child)
	case lost == nil:
		return Failed, fmt.Sprintf("%s answers %s, but not through %s: its counters stand still", p.to, p.from, p.child)
	case now.out == before.out:
		return Failed, fmt.Sprintf("packets from %s to %s do not enter %s: see routes and selectors (%v)", p.from, p.to, p.child, lost)
	case in > 0:
		return Failed, fmt.Sprintf("%d packets to %s left through %s and %d came back, but no answer: the other side refuses them, or has not the address", out, p.to, p.child, in)
	case p.guessed:
		return Unknown, fmt.Sprintf("%d packets left through %s, %d came back; perhaps nobody has %s: name an address with --ping", out, p.child, in, p.to)
	}
	return Failed, fmt.Sprintf("%d packets to %s left through %s, %d came back: the peer drops them, or has no way back (%v)", out, p.to, p.child, in, lost)
}

// ping sends up to three echo requests, until one is answered.
func (t *trial) ping(p probe) (time.Duration, error) {
	const most = 3
	var err error
	for range most {
		var rtt time.Duration
		if rtt, err = t.host.Ping(t.ctx, ping.Echo{From: p.from, To: p.to, Timeout: t.Patience / most}); err == nil {
			return rtt, nil
		}
	}
	return 0, err
}

// counters are packets of all pairs of a child.
type counters struct{ in, out uint64 }

// beyond tells whether both have grown. Those of new pairs begin anew, and count from nothing.
func (c counters) beyond(before counters) bool { return c.in > before.in && c.out > before.out }

func count(v view, child string) (c counters) {
	for _, pair := range v.children {
		if pair.Name == child {
			c.in += pair.In.Packets
			c.out += pair.Out.Packets
		}
	}
	return c
}

// probe finds addresses between which a child carries echo requests, or says why there are none.
func (t *trial) probe(v view) (*probe, string) {
	own, err := t.host.Addresses()
	if err != nil {
		return nil, err.Error()
	}
	why := "no child is up"
	for _, sa := range v.sas {
		for _, c := range v.children {
			p, no := t.between(sa, c, own)
			if p != nil {
				return p, ""
			}
			why = no
		}
	}
	return nil, why
}

func (t *trial) between(sa api.SA, c api.Child, own []netip.Addr) (*probe, string) {
	locals, remotes := selectors(c.Local), selectors(c.Remote)
	i := slices.IndexFunc(own, func(a netip.Addr) bool { return contained(locals, a) && t.fits(a) })
	if i < 0 {
		return nil, fmt.Sprintf("this host has no address in %v, from which %s carries packets: ping from a host there", c.Local, c.Name)
	}
	p := &probe{child: c.Name, from: own[i], to: t.Ping, mtu: c.MTU}
	if !p.to.IsValid() {
		p.to, p.guessed = destination(sa, remotes, own[i].Is6())
	}
	switch {
	case !p.to.IsValid():
		return nil, fmt.Sprintf("no address behind %s is known: name one with --ping", c.Name)
	case !contained(remotes, p.to):
		return nil, fmt.Sprintf("%s is not in %v, which %s leads to", p.to, c.Remote, c.Name)
	}
	return p, ""
}

// fits tells whether an address has the family of the one to ping.
func (t *trial) fits(a netip.Addr) bool { return !t.Ping.IsValid() || t.Ping.Is6() == a.Is6() }

// destination finds an address of the other side: a DNS server that the peer gave us, a selector of a single host, else the first
// address of a network, which is a guess.
func destination(sa api.SA, remotes []spd.Selector, six bool) (a netip.Addr, guessed bool) {
	for _, text := range sa.DNS {
		if a, err := netip.ParseAddr(text); err == nil && a.Is6() == six && contained(remotes, a) {
			return a, false
		}
	}
	for _, s := range remotes {
		switch {
		case s.Start.Is6() != six:
		case s.Start == s.End:
			return s.Start, false
		case !guessed && !s.Start.IsUnspecified():
			a, guessed = s.Start.Next(), true
		}
	}
	return a, guessed
}

// selectors reads those that carry echo requests.
func selectors(texts []string) []spd.Selector {
	var list []spd.Selector
	for _, text := range texts {
		s, err := spd.ParseSelector(text)
		if err == nil && (s.Protocol == 0 || s.Protocol == ping.ProtocolOf(s.Start)) {
			list = append(list, s)
		}
	}
	return list
}

func contained(list []spd.Selector, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(s spd.Selector) bool { return s.ContainsAddr(a) })
}

// mtu sends a packet as large as a child says that it carries. Path and device of a child that is new settle within seconds, so a
// failure is followed by another look.
func (t *trial) mtu() (verdict Verdict, text string, err error) {
	const tries = 5
	for i := range tries {
		if i > 0 {
			select {
			case <-t.ctx.Done():
				return Failed, "", t.ctx.Err()
			case <-time.After(t.Patience / tries):
			}
		}
		verdict, text, err = t.large(t.Patience / tries)
		if verdict != Failed {
			break
		}
	}
	return verdict, text, err
}

// large sends one packet as large as the MTU.
func (t *trial) large(patience time.Duration) (Verdict, string, error) {
	v, err := t.look()
	if err != nil {
		return Failed, "", err
	}
	p, why := t.probe(v)
	switch {
	case p == nil:
		return Unknown, why, nil
	case p.mtu == nil || p.mtu.Effective == 0:
		return Unknown, "the data plane does not tell the MTU of " + p.child, nil
	case p.guessed:
		return Unknown, fmt.Sprintf("%s says %d octets; name an address that answers with --ping to try it", p.child, p.mtu.Effective), nil
	}
	if _, err := t.host.Ping(t.ctx, ping.Echo{From: p.from, To: p.to, Size: p.mtu.Effective, Whole: true, Timeout: patience}); err != nil {
		return Failed, fmt.Sprintf("a packet of %d octets, the MTU of %s, is not answered: %v", p.mtu.Effective, p.child, err), nil
	}
	return OK, fmt.Sprintf("packets of %d octets pass whole (path %d, learnt from %s)", p.mtu.Effective, p.mtu.Path, p.mtu.Source), nil
}
