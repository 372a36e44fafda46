// Package filter takes a packet that is thought of through the rules of nftables, and says what becomes of it. Rules that iptables
// has made with its nftables backend are among them.
//
// Nothing is sent: rules are evaluated one expression after the other, as the kernel does, for a packet that begins a connection or belongs to one.
// What cannot be known without the kernel, such as marks and limits, makes a rule uncertain, and a verdict that hangs on one is
// told as such.
package filter

import (
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// A Ruleset is what a host has at one moment.
type Ruleset struct {
	Chains []Chain
	Sets   []Set
}

// A Chain is a list of rules, at a hook if it is a base chain.
type Chain struct {
	Family   nftables.TableFamily
	Table    string
	Name     string
	Type     nftables.ChainType // of base chains
	Hook     *nftables.ChainHook
	Priority int
	Drop     bool // the policy of a base chain
	Rules    [][]expr.Any
}

// A Set is a named or anonymous set of values of one kind.
type Set struct {
	Family   nftables.TableFamily
	Table    string
	Name     string
	Interval bool // elements are beginnings and ends
	Opaque   bool // concatenations and maps are not looked into
	Elements []nftables.SetElement
}

// A Packet is what rules look at.
type Packet struct {
	Source, Destination         netip.Addr // of one family
	Protocol                    uint8
	SourcePort, DestinationPort uint16
	In, Out                     string // names of interfaces; "": not known
	Established                 bool   // it belongs to a connection that has been answered; otherwise it begins one
}

// A Fate is what becomes of a packet.
type Fate uint8

// The fates, from the best on.
const (
	Passes Fate = iota
	MayDrop
	Drops
)

// A Judgement is a fate and where it was decided: "inet filter input".
type Judgement struct {
	Fate  Fate
	Chain string
	// Translated tells that a chain for NAT would give the packet another source or destination.
	Translated bool
}
