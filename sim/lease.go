package sim

import (
	"net/netip"

	"culvert/explain"
	"culvert/ike"
	"culvert/lease"
	"culvert/wire"
)

// A grant is an address that an IKE SA holds.
type grant struct {
	identity string
	addr     netip.Addr
}

// lease gives a peer an address of the node's pool, if it asks for one.
func (n *Node) lease(a ike.Admission) ike.Verdict {
	wishes := ike.RequestedAddresses(a.Request)
	if n.Pool == nil || len(wishes) == 0 || !n.alive(a.SA) {
		return ike.Verdict{}
	}
	identity := a.Identity.String()
	got, err := n.Pool.Acquire(n.lab.now, lease.Request{Identity: identity, Want: wishes, Takeover: a.Connection.Unique == ike.UniqueReplace})
	if err != nil {
		return ike.Verdict{Refusal: &ike.Failure{Code: explain.IKENoAddress, Notify: wire.NotifyInternalAddressFailure, Err: err}}
	}
	n.core.grants[a.SA] = grant{identity, got.Addr}
	as := ike.Assignment{Addresses: []netip.Prefix{netip.PrefixFrom(got.Addr, got.Addr.BitLen())}}
	return ike.Verdict{Addresses: []netip.Addr{got.Addr}, Reply: as.Reply(a.Request)}
}

// alive tells whether an IKE SA is still there.
func (n *Node) alive(sa wire.SPI) bool {
	for _, s := range n.shard(sa).Status() {
		if s.LocalSPI == sa && s.State != ike.StateClosed {
			return true
		}
	}
	return false
}

// follow moves an address to the successor of its IKE SA, or gives it back.
func (c *core) follow(n *Node, news ike.News) {
	g, ok := c.grants[news.SA]
	switch {
	case !ok:
	case news.Kind == ike.NewsRekeyed:
		delete(c.grants, news.SA)
		c.grants[news.Successor] = g
	case news.Kind == ike.NewsClosed:
		delete(c.grants, news.SA)
		n.Pool.Release(n.lab.now, g.identity, g.addr)
	}
}

// giveBack marks the addresses of a node that crashes as not in use, as its store does when it starts again.
func (c *core) giveBack(n *Node) {
	for _, g := range c.grants {
		n.Pool.Release(n.lab.now, g.identity, g.addr)
	}
}
