package hook

import (
	"net/netip"

	"culvert/dataplane"
	"culvert/spd"
)

// A Child is what a command is told about a Child SA and the IKE SA that it belongs to. It is a value of its time: the command
// for its end is told the same as that for its beginning, so that what the one has set up the other one finds.
type Child struct {
	Connection     string // name of the connection
	Name           string
	Reqid          uint32
	UniqueID       uint32 // of the IKE SA
	Local, Remote  netip.AddrPort
	LocalID        string
	RemoteID       string
	EAPID          string       // whom EAP has authenticated; "": nobody
	VirtualIPs     []netip.Addr // that the peer has given us
	PeerVirtualIPs []netip.Addr // that we have given the peer
	DNS            []netip.Addr // servers that the peer has named
	LocalTraffic   []spd.Selector
	RemoteTraffic  []spd.Selector
	Kernel         dataplane.Kernel
	Encapsulated   bool // ESP is carried in UDP
	HostAccess     bool // the host itself may use the tunnel
}

// A Pair is one selector of each side that some packet may match.
type Pair struct{ Local, Remote spd.Selector }

// maxPairs bounds the runs for one child. A peer may narrow to as many selectors as a payload has room for, of either side.
const maxPairs = 256

// Pairs lists the pairs of selectors, in their order; left is how many there are beyond those.
func (c *Child) Pairs() (list []Pair, left int) {
	for _, l := range c.LocalTraffic {
		for _, r := range c.RemoteTraffic {
			switch {
			case l.Is4() != r.Is4(), l.Protocol != 0 && r.Protocol != 0 && l.Protocol != r.Protocol:
			case len(list) == maxPairs:
				left++
			default:
				list = append(list, Pair{l, r})
			}
		}
	}
	return list, left
}
