package ike

import (
	"bytes"
	"net/netip"
	"slices"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// A Child is one Child SA pair of an IKE SA (RFC 7296, Section 1.3).
type Child struct {
	config        *ChildConfig
	id            uint32             // of the node's children, never used again
	policy        dataplane.PolicyID // kept across rekeys
	kernel        *dataplane.Kernel  // with numbers of its own, kept likewise; the configuration's where there are none
	inSPI, outSPI uint32
	suite         suite.Selection
	suiteText     string             // of suite, once somebody has asked
	local, remote []spd.Selector     // negotiated, as our SPD sees them; they do not change
	aggFrag       *dataplane.AggFrag // nil: not in AGGFRAG mode
	ppk           string             // name of the PPK that its exchange has mixed in; empty: none
	created       time.Time
	mode          esp.Mode
	unhidden      bool // the peer does without the AGGFRAG mode that is configured
	initiator     bool // we initiated the exchange that made it
	state         childState

	sending    bool          // the outbound SA is installed
	receiving  bool          // the inbound SA is installed
	redundant  bool          // lost a collision (RFC 7296, Section 2.8.1)
	rekeyFails bool          // an exchange that was to replace it has failed
	deleteSent bool          // our Delete is under way
	deferred   *dataplane.SA // the outbound SA, until the peer has shown to be ready for it (RFC 7296, Section 2.8)
	successor  *Child        // made by rekeying this one
	rekey      *createChild  // our exchange that replaces it, while under way
	// As responder we do not know that our answer, to the request with this Message ID, has come to the peer.
	unconfirmed bool
	answered    uint32

	line          uint32    // inbound SPI of the first child of those that rekeying has made one of the other
	perResource   bool      // both sides make Child SAs of single resources beside it (RFC 9611)
	resource      int       // to which it belongs; 0: to all
	resourcesFrom time.Time // before then no further one is asked for
}

// childState is where a child stands.
type childState uint8

const (
	childInstalled childState = iota
	childRekeying             // our CREATE_CHILD_SA for it is under way
	childRekeyed              // replaced by the peer, who has to delete it
	childDeleting             // our Delete for it waits or is under way
	childLingering            // gone for the peer; packets that were on their way are still taken
)

// String names the state.
func (s childState) String() string {
	return [...]string{"installed", "rekeying", "rekeyed", "deleting", "lingering"}[s]
}

// live tells whether the child stands for its configuration: up and not replaced by another.
func (c *Child) live() bool {
	return c.successor == nil && !c.redundant && c.state != childLingering
}

// ChildInfo tells about a child in News and status.
type ChildInfo struct {
	ID            uint32 // of the node's children, never used again in its life
	Name          string
	InSPI, OutSPI uint32
	Resource      int // worker that it belongs to alone (RFC 9611), and unnoticed by the supervisor; 0: to all
	Policy        dataplane.PolicyID
	ReqID         uint32 // as configured; 0: of the data plane's choice
	Kernel        dataplane.Kernel
	Mode          esp.Mode
	Suite         string
	Transforms    []wire.Transform // of which Suite is the text
	KeyExchanges  []string         // of the exchange that made it, the additional ones behind the first; empty: none of its own
	PPK           string           // that the exchange has mixed in (RFC 9867); empty: none of its own
	Initiator     bool             // we began the exchange that made it
	Local, Remote []spd.Selector   // for reading: the Child SA has the same
	Created       time.Time
	State         string
	AggFrag       *dataplane.AggFrag // nil: not in AGGFRAG mode
	Unhidden      bool               // the peer does without the AGGFRAG mode that is configured
	Rekey, Expire time.Time          // when it is rekeyed and ended by age; zero: never
}

// Children tells about the children, in the order in which they were made.
func (sa *SA) Children() []ChildInfo {
	if len(sa.children) == 0 {
		return nil
	}
	out := make([]ChildInfo, 0, len(sa.children))
	for _, c := range sa.children {
		out = append(out, sa.childInfo(c))
	}
	return out
}

func (sa *SA) childInfo(c *Child) ChildInfo {
	if c.suiteText == "" {
		c.suiteText = suite.FormatProposal(c.suite.Proposal)
	}
	return ChildInfo{
		ID: c.id, Name: c.config.Name, InSPI: c.inSPI, OutSPI: c.outSPI, Resource: c.resource, Policy: c.policy, ReqID: c.config.ReqID, Kernel: *c.kernel, Mode: c.mode,
		Suite: c.suiteText, Transforms: slices.Clone(c.suite.Proposal.Transforms), KeyExchanges: keyExchangesOf(c.suite), PPK: c.ppk, Initiator: c.initiator, Local: c.local, Remote: c.remote,
		Created: c.created, State: c.state.String(), AggFrag: c.aggFrag, Unhidden: c.unhidden,
		Rekey:  sa.timers.at(timerChildRekey, c.inSPI),
		Expire: sa.timers.at(timerChildExpire, c.inSPI),
	}
}

// keyExchangesOf names the key exchanges of a selection in their order.
func keyExchangesOf(sel suite.Selection) []string {
	first := methodOf(sel)
	if first == wire.KENone {
		return nil
	}
	names := []string{keName(first)}
	for _, method := range sel.Additional() {
		names = append(names, keName(method))
	}
	return names
}

// childIn returns the child with our SPI, or nil.
func (sa *SA) childIn(spi uint32) *Child {
	return sa.childWhere(func(c *Child) bool { return c.inSPI == spi })
}

// childOut returns the child with the peer's SPI, or nil. Lingering children are gone for the peer, who may use the SPI again.
func (sa *SA) childOut(spi uint32) *Child {
	return sa.childWhere(func(c *Child) bool { return c.outSPI == spi && c.state != childLingering })
}

func (sa *SA) childWhere(match func(*Child) bool) *Child {
	if i := slices.IndexFunc(sa.children, match); i >= 0 {
		return sa.children[i]
	}
	return nil
}

// has tells whether the child is still there for both peers.
func (sa *SA) has(c *Child) bool {
	return c.state != childLingering && slices.Contains(sa.children, c)
}

// childConfig returns the current version of a child's configuration; a child that is no longer configured keeps its own.
func (sa *SA) childConfig(c *ChildConfig) *ChildConfig {
	for _, now := range sa.conn.Children {
		if now.Name == c.Name {
			return now
		}
	}
	return c
}

// maxChildren is how many Child SAs the peer may have. While rekeying there are two of each.
func (sa *SA) maxChildren() int {
	if n := sa.conn.Limits.Children; n > 0 {
		return n
	}
	return 64
}

// full tells whether the peer has all the children that it may have, and for each one more by rekeying. Those of single
// resources have a limit of their own.
func (sa *SA) full(rekey bool) bool {
	limit, n := sa.maxChildren(), len(sa.exchanges.pending)
	if rekey {
		limit = 2*limit + 2
	}
	for _, c := range sa.children {
		if c.live() && !c.forResource() || rekey && !c.live() {
			n++
		}
	}
	return n >= limit
}

// localAddrs returns what our dynamic selectors stand for: the virtual addresses that the peer has assigned to us, else our
// address of the IKE SA.
func (sa *SA) localAddrs() []netip.Addr {
	if len(sa.assigned.addresses()) == 0 {
		return []netip.Addr{sa.path.Local.Addr().Unmap()}
	}
	var out []netip.Addr
	for _, p := range sa.assigned.addresses() {
		out = append(out, p.Addr())
	}
	return out
}

// remoteAddrs returns what the peer's dynamic selectors stand for: its leased addresses, else its address of the IKE SA.
func (sa *SA) remoteAddrs() []netip.Addr {
	if len(sa.leases) > 0 {
		return sa.leases
	}
	return []netip.Addr{sa.path.Remote.Addr().Unmap()}
}

// lower returns the lower of two nonces, octet by octet; the end of one is lowest (RFC 7296, Section 2.8.1).
func lower(a, b []byte) []byte {
	if bytes.Compare(a, b) <= 0 {
		return a
	}
	return b
}
