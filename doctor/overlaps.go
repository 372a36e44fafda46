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
				if network := a.Masked(); !l.Loopback && within(network, remote) {
					e.warn("renumber one of them, narrow `remote` of the child, or add a policy with action = \"bypass\" for "+network.String(),
						"%s on %s lies in %s, which %s/%s takes to the peer: neighbours there cannot be reached", network, l.Name, remote, c.Name, child.Name)
				}
			}
		}
	})
}

// within tells whether a selector covers a network, and is no default route.
func within(network netip.Prefix, s spd.Selector) bool {
	p := spd.Prefix(network)
	if network.Bits() == 0 || network.Addr().IsLinkLocalUnicast() || s.Start.IsUnspecified() {
		return false
	}
	_, both := s.Intersect(p)
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
	for i, a := range claims {
		for _, b := range claims[:i] {
			e.mutual(a, b)
		}
	}
}

func (e *examination) mutual(a, b claim) {
	if a.connection == b.connection || a.priority != b.priority || spd.Specificity(a.local, a.remote) != spd.Specificity(b.local, b.remote) {
		return // which one counts is well-defined
	}
	remote, both := a.remote.Intersect(b.remote)
	if _, same := a.local.Intersect(b.local); !both || !same {
		return
	}
	e.warn("narrow `remote` of one of them, or give them different `priority`", "%s/%s and %s/%s both take %s to their peer: which of them does is left to chance", b.connection, b.child, a.connection, a.child, remote)
}
