package doctor

import (
	"net/netip"
	"strings"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"

	"culvert/config"
	"culvert/doctor/filter"
	"culvert/spd"
)

// forwardRules takes packets of the tunnels through the rules for what is forwarded. A firewall that lets connections begin from
// one side alone is nothing to tell of.
func (e *examination) forwardRules() {
	const most = 64 // pairs of selectors; rules seldom tell more apart
	rules, err := e.Host.Filter()
	if err != nil {
		return // checkFilter tells
	}
	own, n, told := e.ownAddresses(), 0, false
	e.pairs(func(c *config.Connection, child *config.Child, local, remote spd.Selector) {
		if n++; n > most || told || local.Start == local.End && own[local.Start] {
			return
		}
		outward, inward := e.through(local, remote), e.through(remote, local)
		j := better(connects(rules, outward, inward), connects(rules, inward, outward))
		told = e.forwarded(j, c.Name+"/"+child.Name, local, remote)
	})
}

// through is a packet from one network to another, with the interfaces that it would take.
func (e *examination) through(from, to spd.Selector) *filter.Packet {
	p := &filter.Packet{Source: member(from), Destination: member(to), Protocol: unix.IPPROTO_TCP, SourcePort: 32768, DestinationPort: 443}
	p.In, p.Out = e.linkTo(p.Source), e.linkTo(p.Destination)
	return p
}

// member is an address of a selector; of a default route one of documentation (RFC 5737, RFC 3849).
func member(s spd.Selector) netip.Addr {
	switch {
	case !s.Start.IsUnspecified():
		return s.Start
	case s.Start.Is4():
		return netip.AddrFrom4([4]byte{203, 0, 113, 1})
	}
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 15: 1})
}

// linkTo is the interface towards an address, "" if there is no way yet.
func (e *examination) linkTo(a netip.Addr) string {
	r, err := e.Host.Route(a)
	if err != nil {
		return ""
	}
	return r.Interface
}

// connects judges a first packet and the answer to it: what becomes of the one that fares worse.
func connects(rules *filter.Ruleset, first, answer *filter.Packet) filter.Judgement {
	forth := rules.Judge(nftables.ChainHookForward, first)
	known := *answer
	known.Established = true
	if back := rules.Judge(nftables.ChainHookForward, &known); back.Fate > forth.Fate {
		return back
	}
	return forth
}

func better(a, b filter.Judgement) filter.Judgement {
	if b.Fate < a.Fate {
		return b
	}
	return a
}

// forwarded tells of packets that are not forwarded.
func (e *examination) forwarded(j filter.Judgement, child string, local, remote spd.Selector) bool {
	switch j.Fate {
	case filter.Passes:
		return false
	case filter.MayDrop:
		e.warn("look at the chain: `nft list chain "+j.Chain+"`", "packets of %s between %s and %s may be dropped by the chain %s: it depends on what cannot be known beforehand", child, local, remote, j.Chain)
	default:
		e.fail("let them pass: `nft insert rule "+j.Chain+" "+daddr(remote)+" accept` and the same with "+daddr(local), "packets of %s between %s and %s are not forwarded: the chain %s drops them", child, local, remote, j.Chain)
	}
	return true
}

// daddr is the match of a rule for what goes to a network.
func daddr(to spd.Selector) string {
	family := "ip"
	if to.Start.Is6() {
		family = "ip6"
	}
	addresses, _, _ := strings.Cut(to.String(), "[")
	return family + " daddr " + addresses
}
