// Package dataplane is the interface between the IKE engine and packet processing. Its backends are user space
// (dataplane/user), the Linux kernel, and a fake for tests (dataplane/fake); the engine does not know which one it drives.
package dataplane

import (
	"net/netip"

	"culvert/esp"
	"culvert/secret"
	"culvert/spd"
	"culvert/suite"
)

// A Backend carries Child SAs and policies. All methods are safe for concurrent use and return without waiting for
// the network.
type Backend interface {
	// AllocateSPI reserves an inbound ESP SPI, above 255 (RFC 4303, Section 2.1) and unique in the backend. resource is that
	// of the SA to come (SA.Resource): the SPI may say which worker its packets are for.
	AllocateSPI(resource int) (uint32, error)
	// ReleaseSPI gives back an SPI that no installed SA uses.
	ReleaseSPI(spi uint32)
	// Install adds one SA. Several SAs of either direction may belong to one policy at a time: traffic leaves through the
	// outbound SA installed last, and arrives through any. An inbound SA needs an allocated SPI (ErrNotAllocated), an
	// outbound one its policy (ErrNoPolicy).
	Install(SA) error
	// Update moves both SAs of a child to another path without losing a packet. outbound is 0 while there is no outbound SA.
	Update(inbound, outbound uint32, path Path) error
	// Remove takes one SA away; removing what is not there is not an error. For an outbound SA the peer's SPI alone is
	// not unique, so the policy is named as well.
	Remove(dir Direction, spi uint32, policy PolicyID) (Counters, error)
	// SetPolicy adds a policy or replaces the one with its ID.
	SetPolicy(Policy) error
	// RemovePolicy takes a policy away; its outbound SAs must be removed first (ErrBusy).
	RemovePolicy(PolicyID) error
	// Query reads the counters of an SA.
	Query(dir Direction, spi uint32, policy PolicyID) (Counters, error)
	// SetNotices names the function that receives notices. It is called before any SA is installed; the function
	// does not block.
	SetNotices(func(Notice))
	// Close removes everything that the backend made.
	Close() error
}

// A Query reads the counters of an SA, as that of a Backend does.
type Query func(dir Direction, spi uint32, policy PolicyID) (Counters, error)

// A Surveyor is a Backend of which every question costs about as much as one about all SAs.
type Surveyor interface {
	// Survey reads the counters of all SAs. The Query tells what has been read, and is safe for concurrent use.
	Survey() (Query, error)
}

// Direction tells inbound from outbound SAs.
type Direction uint8

// The directions.
const (
	Inbound Direction = iota + 1
	Outbound
)

// Transport is how ESP and IKE reach the peer.
type Transport uint8

// The transports.
const (
	TransportUDP Transport = iota // IKE and ESP in UDP (RFC 3948)
	TransportRaw                  // ESP as IP protocol 50; IKE still in UDP
	TransportTCP                  // IKE and ESP in a TCP stream (RFC 9329)
)

// A Path is where the packets of an SA go. It is a value and may change at any time.
type Path struct {
	Local, Remote netip.AddrPort // of UDP, or of the TCP stream; for TransportRaw only the addresses count
	Transport     Transport
}

// Encapsulation is what surrounds ESP packets of a mode on the path.
func (p *Path) Encapsulation(mode esp.Mode) esp.Encapsulation {
	return esp.Encapsulation{Mode: mode, IPv6: p.Remote.Addr().Is6(), UDP: p.Transport == TransportUDP, TCP: p.Transport == TransportTCP}
}

// PolicyID names a policy and the child instance behind it (the "reqid" of other stacks). 0 is not used.
type PolicyID uint32

// A Policy is an entry of the SPD as the backend sees it.
type Policy struct {
	ID            PolicyID
	Name          string // connection/child, for messages
	Action        spd.Action
	Local, Remote []spd.Selector // seen from us; outbound traffic is Local -> Remote. Nobody changes them: backends keep them
	Priority      int            // higher is looked at first; equal: the more specific, then the older
	Trap          bool           // Protect without an SA raises NoticeAcquire
	Mode          esp.Mode
	// VirtualIPs are addresses assigned to us by the peer, to be put on the tunnel interface while the policy lives.
	VirtualIPs []netip.Prefix
	// Peer is excluded from what the policy routes into the tunnel (our own IKE and ESP packets).
	Peer netip.Addr
	// PerResource wants an SA of its own for each resource that has traffic (RFC 9611): a resource without one sends through
	// the SA of all and raises NoticeAcquire with its number.
	PerResource bool
	ReqID       uint32 // what SAs and policies share in the host, for other programs; 0: of the backend's choice
	Kernel      Kernel
}

// An SA is one ESP SA, one direction.
type SA struct {
	Direction     Direction
	SPI           uint32
	Policy        PolicyID
	Path          Path
	Mode          esp.Mode
	Transforms    suite.ESP
	EncrKey       secret.Bytes // owned by the backend after Install
	IntegKey      secret.Bytes
	ReplayWindow  int            // packets, 64 to 8192; 0 switches replay protection off
	Local, Remote []spd.Selector // negotiated; checked on every inbound packet (RFC 4301, Section 5.2). Nobody changes them
	SoftBytes     uint64         // 0 is no limit; NoticeSoftLimit is sent once
	HardBytes     uint64         // the SA stops and NoticeHardLimit is sent
	SoftPackets   uint64
	HardPackets   uint64
	TFC           int // pad packets up to this many octets; 0 is off, -1 up to the path MTU
	// Cover is how many packets per second leave at least, dummies where there is no traffic (RFC 4303, Section 2.6); 0: any.
	Cover int
	// AggFrag, unless nil, makes it an SA in AGGFRAG mode, which is one of tunnel mode otherwise.
	AggFrag *AggFrag
	// NonFirstFragments lets fragments without ports through, whatever ports the selectors name (RFC 4301, Section 7).
	NonFirstFragments bool
	NoECN             bool // congestion marks do not pass between the headers (RFC 6040 does not apply)
	CopyDSCP          bool // outbound: inner to outer header; inbound: outer to inner (RFC 2983; RFC 4301, Section 5.1.2)
	DF                DF
	OriginalRemote    netip.Addr // transport mode behind NAT: the addresses before translation (RFC 7296, Section 2.23.1)
	OriginalLocal     netip.Addr
	// Resource binds the SA to one worker of the backend (RFC 9611, Section 3), from 1 to what Resources.Resources says. 0 is
	// an SA of all: traffic of a worker leaves through the newest outbound SA of its own, else through the newest of all.
	Resource int
	Kernel   Kernel
}

// DF is what the outer header's don't-fragment bit becomes (RFC 4301, Section 8.1).
type DF = esp.DF

// The treatments of DF.
const (
	DFCopy  = esp.DFCopy
	DFSet   = esp.DFSet
	DFClear = esp.DFClear
)

// Counters of one SA.
type Counters struct {
	Bytes, Packets uint64
	LastUse        int64 // Unix nanoseconds, 0 when unused
	Sequence       uint64
	Traffic        *Traffic // of SAs in AGGFRAG mode
}

// NoticeKind is what a Notice is about.
type NoticeKind uint8

// The notices.
const (
	NoticeAcquire     NoticeKind = iota + 1 // a trap policy without SA met the packet Source -> Destination; or a worker lacks its own SA (Resource)
	NoticeSoftLimit                         // an SA reached its soft limit: rekey
	NoticeHardLimit                         // an SA reached its hard limit: it stopped
	NoticeNewAddress                        // authenticated packets of an inbound SA come from Path.Remote now
	NoticeBadSPI                            // an ESP packet with an unknown SPI came from Path.Remote
	NoticeFirstPacket                       // an inbound SA opened its first packet: the peer has it
	NoticeBreaker                           // the circuit breaker of an outbound SA has tripped (RFC 9347, Section 2.4.2.1): it stopped
	NoticeSelectors                         // a packet failed the selector check of SPI (INVALID_SELECTORS); Data is its start
	NoticePath                              // an outbound SA has a path about which nothing is known, or something strange was seen there: PathMTU
	NoticeDeviceGone                        // the backend's network device was removed: no packet passes any longer. It is repeated until Close
)

// A Notice is news from the backend. It is a value and owns its Data.
type Notice struct {
	Kind      NoticeKind
	SPI       uint32
	Direction Direction
	Policy    PolicyID
	Packet    spd.Flow // Acquire: the flow that asked
	Resource  int      // Acquire: the worker that has no SA of its own under a policy which wants one; 0: there is none at all
	Path      Path
	PathMTU   PathMTU // Path
	Data      []byte
}

// A PathMTU is what a backend knows about the MTU of a path, for who can probe it (RFC 8899). Sizes are those of outer IP
// packets in octets.
type PathMTU struct {
	Link      int  // what the first link carries
	TooBig    int  // what a message says that the path carries; 0: there was none
	Validated bool // the message is about a packet that we sent
	Suspect   bool // large packets seem to get lost
}
