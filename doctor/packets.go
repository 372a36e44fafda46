package doctor

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"strings"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"

	"culvert/config"
	"culvert/doctor/filter"
	"culvert/spd"
)

// A shape is a kind of packet that tunnels live on.
type shape struct {
	name     string
	protocol uint8
	port     uint16
}

// shapes are those of the configuration.
func (e *examination) shapes() []shape {
	list := []shape{{"ESP", unix.IPPROTO_ESP, 0}}
	for _, p := range e.wanted() {
		number := uint8(unix.IPPROTO_UDP)
		if p.network == "tcp" {
			number = unix.IPPROTO_TCP
		}
		list = append(list, shape{p.String(), number, p.number})
	}
	return list
}

// between is the packet of a shape from an address to another one, over an interface.
func (s shape) between(from, to netip.Addr, link string) *filter.Packet {
	return &filter.Packet{Source: from, Destination: to, Protocol: s.protocol, SourcePort: s.port, DestinationPort: s.port, In: link, Out: link}
}

// A way is between this host and a peer.
type way struct {
	local, remote netip.Addr
	link          string
}

// ways lead to the configured peers, or to a peer anywhere if there are none with an address.
func (e *examination) ways() []way {
	const most = 8 // rules seldom tell more peers than that apart
	var list []way
	for _, c := range e.connections() {
		for _, a := range c.Remote.Addresses {
			if a.Name == "" && a.Prefix.IsSingleIP() && len(list) < most {
				list = append(list, e.way(a.Prefix.Addr()))
			}
		}
	}
	if len(list) == 0 {
		list = append(list, e.way(netip.MustParseAddr("192.0.2.1"))) // an address of documentation (RFC 5737)
	}
	return list
}

func (e *examination) way(remote netip.Addr) way {
	p := way{remote: remote, local: netip.IPv4Unspecified()}
	if remote.Is6() {
		p.local = netip.IPv6Unspecified()
	}
	if r, err := e.Host.Route(remote); err == nil && r.Source.IsValid() {
		p.local, p.link = r.Source, r.Interface
	}
	return p
}

func checkFilter(_ context.Context, e *examination) {
	e.legacyTables()
	rules, err := e.Host.Filter()
	switch {
	case errors.Is(err, os.ErrPermission):
		e.unknown(asRoot+" to have them read", "the rules of nftables can be read by root only")
		return
	case err != nil:
		e.unknown("", "the rules of the packet filter cannot be read: %v", err)
		return
	}
	clean := true
	for _, s := range e.shapes() {
		clean = e.judge(rules, s) && clean
	}
	if clean {
		e.ok("no rule of nftables drops IKE or ESP")
	}
}

// judge takes packets of a shape through the rules, in both directions.
func (e *examination) judge(rules *filter.Ruleset, s shape) bool {
	for _, p := range e.ways() {
		arriving := s.between(p.remote, p.local, p.link)
		in := arrives(rules, arriving)
		if in.Fate == filter.Drops {
			answer := *arriving
			answer.Established = true
			if arrives(rules, &answer).Fate == filter.Passes {
				e.warn("nothing, if this host begins all its tunnels; otherwise let it pass: `nft insert rule "+in.Chain+" "+s.rule()+" accept`",
					"%s that %s begins is dropped by the chain %s; answers to what this host begins pass", s.name, p.remote, in.Chain)
				return false
			}
		}
		out := rules.Judge(nftables.ChainHookOutput, s.between(p.local, p.remote, p.link))
		if e.judged(in, s, "arriving from", p) || e.judged(out, s, "leaving for", p) {
			return false
		}
	}
	return true
}

// arrives says what the chains on the way in do with a packet.
func arrives(rules *filter.Ruleset, p *filter.Packet) filter.Judgement {
	in := rules.Judge(nftables.ChainHookInput, p)
	if before := rules.Judge(nftables.ChainHookPrerouting, p); before.Fate > in.Fate {
		return before
	}
	return in
}

// judged tells of packets that do not pass.
func (e *examination) judged(j filter.Judgement, s shape, direction string, p way) bool {
	switch j.Fate {
	case filter.Passes:
		return false
	case filter.MayDrop:
		e.warn("look at the chain: `nft list chain "+j.Chain+"`", "%s %s %s may be dropped by the chain %s: it depends on what cannot be known beforehand", s.name, direction, p.remote, j.Chain)
	default:
		e.fail("let it pass: `nft insert rule "+j.Chain+" "+s.rule()+" accept`", "%s %s %s is dropped by the chain %s", s.name, direction, p.remote, j.Chain)
	}
	return true
}

// rule is the match of a rule for the shape.
func (s shape) rule() string {
	if s.port == 0 {
		return "meta l4proto esp"
	}
	network, number, _ := strings.Cut(strings.ToLower(s.name), " port ")
	return network + " dport " + number
}

// legacyTables tells of rules that only the old iptables can show.
func (e *examination) legacyTables() {
	for tool, file := range map[string]string{"iptables-legacy": "ip_tables_names", "ip6tables-legacy": "ip6_tables_names"} {
		if strings.Contains(e.read("proc/thread-self/net/"+file), "filter") {
			e.unknown("look at `"+tool+"-save` for rules about UDP 500 and 4500 and about ESP", "there are rules of %s, which are not looked at", tool)
		}
	}
}

func checkNAT(_ context.Context, e *examination) {
	e.behindNAT()
	rules, err := e.Host.Filter()
	if err != nil {
		return // the check before this one has told
	}
	translated := false
	e.pairs(func(c *config.Connection, child *config.Child, local, remote spd.Selector) {
		r, err := e.Host.Route(remote.Start)
		if err != nil || translated {
			return
		}
		packet := &filter.Packet{Source: local.Start, Destination: remote.Start, Protocol: unix.IPPROTO_TCP, SourcePort: 32768, DestinationPort: 443, Out: r.Interface}
		if rules.Judge(nftables.ChainHookPostrouting, packet).Translated {
			translated = true
			e.warn("exempt the tunnel's traffic before the rule that translates: `"+daddr(remote)+" accept`",
				"traffic of %s/%s from %s to %s would get another source address: it no longer matches the selectors of the child", c.Name, child.Name, local, remote)
		}
	})
	if !translated {
		e.ok("no rule of nftables translates tunnel traffic")
	}
}

// behindNAT tells what the IKE SAs have found about NAT.
func (e *examination) behindNAT() {
	if e.Status == nil {
		return
	}
	for _, sa := range e.Status.SAs {
		switch {
		case sa.Local.NAT && sa.Remote.NAT:
			e.ok("%s: both sides are behind NAT, ESP travels in UDP", sa.Connection)
		case sa.Local.NAT:
			e.ok("%s: this host is behind NAT, ESP travels in UDP", sa.Connection)
		case sa.Remote.NAT:
			e.ok("%s: the peer is behind NAT, ESP travels in UDP", sa.Connection)
		}
	}
}
