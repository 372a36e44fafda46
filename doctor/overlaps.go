package doctor

import (
	"context"
	"net/netip"

	"culvert/config"
	"culvert/spd"
)

func checkOverlaps(_ context.Context, e *examination) {
	before := len(e.report)
	e.localOverlaps()
	e.mutualOverlaps()
	if len(e.report) == before {
		e.ok("no selectors overlap local networks or each other")
	}
}

// localOverlaps compares what lies behind the peers with the networks of this host.
func (e *examination) localOverlaps() {
	links, err := e.Host.Interfaces()
	if err != nil {
		e.unknown("", "the interfaces cannot be read: %v", err)
		return
	}
	e.pairs(func(c *config.Connection, child *config.Child, _, remote spd.Selector) {
		for _, l := range links {
			for _, a := range l.Addresses {
				if !l.Loopback && shared(a.Masked(), remote) {
					e.localOverlap(c.Name+"/"+child.Name, remote, a.Masked(), l.Name)
				}
			}
		}
	})
}

// localOverlap tells of a network at an interface, part of which or all goes to a peer.
func (e *examination) localOverlap(child string, remote spd.Selector, network netip.Prefix, link string) {
	whole := spd.Prefix(network)
	if both, _ := remote.Intersect(whole); both.Start == whole.Start && both.End == whole.End {
		e.warn("renumber one of them, narrow `remote` of the child, or add a policy with action = \"bypass\" for "+network.String(),
			"%s on %s lies in %s, which %s takes to the peer: neighbours there cannot be reached", network, link, remote, child)
		return
	}
	e.warn("give the interface a longer prefix or renumber one of the networks; a policy with action = \"bypass\" for all of "+network.String()+" would lead past the tunnel",
		"%s, which %s takes to the peer, is a part of %s on %s: neighbours with such addresses cannot be reached", remote, child, network, link)
}

// shared tells whether a selector takes away neighbours of a network. A single address on either side has none, and a default
// route is meant for all that is not near.
func shared(network netip.Prefix, s spd.Selector) bool {
	if network.Bits() == 0 || network.IsSingleIP() || network.Addr().IsLinkLocalUnicast() || s.Start == s.End || s.Start.IsUnspecified() {
		return false
	}
	_, both := s.Intersect(spd.Prefix(network))
	return both
}

// A claim is a selector of a child on what lies behind its peer.
type claim struct {
	connection, child string
	local, remote     spd.Selector
	priority          int
}

// mutualOverlaps compares what different connections take to their peers.
func (e *examination) mutualOverlaps() {
	const most = 2000 // claims; more take too long to compare all of them
	var claims []claim
	e.pairs(func(c *config.Connection, child *config.Child, local, remote spd.Selector) {
		if len(claims) < most {
			claims = append(claims, claim{c.Name, child.Name, local, remote, child.Priority})
		}
	})
	const told = 20
	found := 0
	for i, a := range claims {
		for _, b := range claims[:i] {
			if remote, both := a.mutual(b); both {
				if found++; found <= told {
					e.warn("narrow `remote` of one of them, or give them different `priority`", "%s/%s and %s/%s both take %s to their peer: which of them does is left to chance", b.connection, b.child, a.connection, a.child, remote)
				}
			}
		}
	}
	if found > told {
		e.warn("look at those that are named first", "%d more pairs of children take the same to different peers", found-told)
	}
}

// mutual is what two children of one rank both take to their peers.
func (a claim) mutual(b claim) (spd.Selector, bool) {
	if a.connection == b.connection || a.priority != b.priority || spd.Specificity(a.local, a.remote) != spd.Specificity(b.local, b.remote) {
		return spd.Selector{}, false // which one counts is well-defined
	}
	remote, both := a.remote.Intersect(b.remote)
	_, same := a.local.Intersect(b.local)
	return remote, both && same
}
