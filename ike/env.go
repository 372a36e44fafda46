package ike

import (
	"io"
	"net/netip"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/eap"
	"culvert/wire"
)

// Env is what the SAs of one shard share. It is used from the shard's goroutine only, but for Rand, which work uses too.
type Env struct {
	Rand        io.Reader // safe for concurrent use when the driver runs work concurrently
	SPIs        SPIAllocator
	NewSPI      func() (wire.SPI, error)  // a fresh IKE SPI of this shard; set by the shard
	FreeSPI     func(wire.SPI)            // gives back a fresh SPI that no SA was made of; set by the shard
	NewPolicy   func() dataplane.PolicyID // a fresh policy of the node, never 0
	NewSAID     func() uint32             // a fresh number for an IKE SA of the node; nil: the shard counts
	NewChildID  func() uint32             // likewise for a child
	NewMark     func() uint32             // marks and numbers of interfaces of the node, for children that have their own; needed with those alone
	NewIfID     func() uint32
	Connections *Connections         // replaced, never changed, on reload
	Admit       func(Admission) Work // answers with a Verdict; decides uniqueness and leases addresses
	// LastInbound answers with the time.Time of the last packet that came in through these children, named by inbound SPI
	// and policy, or left through those that name an outbound SPI as well; it is asked before a liveness check. nil: only messages are signs of life.
	LastInbound func(children []ChildRef) Work
	// Dial opens a TCP stream from the address of path.Local, whose port is any, to path.Remote and answers with a Dialed (RFC
	// 9329). The driver tells when it ends by StreamClosed. nil: there are no streams.
	Dial       func(path dataplane.Path) Work
	Gateway    Gateway
	Resources  int               // workers of the data plane to which SAs can be bound (RFC 9611); 0 or 1: nothing to divide
	ExportKeys bool              // have ExportIKEKeys and the like emitted
	Trace      bool              // report every message with a summary
	Detail     bool              // have news of what came, went or changed carry the Status of the IKE SA
	Stats      *Stats            // may be nil
	counted    map[string]*Stats // of single connections; nil without a shard

	table []row // instead of exchangeRows; nil in all but tests of the dispatcher
}

// SPIAllocator reserves ESP SPIs; dataplane.Backend is one.
type SPIAllocator interface {
	AllocateSPI(resource int) (uint32, error)
	ReleaseSPI(spi uint32)
}

// A ChildRef names a child to the data plane.
type ChildRef struct {
	SPI    uint32 // inbound
	OutSPI uint32 // 0: what leaves does not count
	Policy dataplane.PolicyID
}

// An Admission asks whether an authenticated peer may have an IKE SA, and with which configuration payload.
type Admission struct {
	Connection     *Connection
	SA             wire.SPI
	Session        string         // ID of the eap.Session
	Path           dataplane.Path // of IKE_AUTH
	Initiator      bool           // we are the initiator: nothing is leased
	Identity       auth.Identity  // of EAP if the peer was authenticated by it, else of its first round
	EAPIdentity    string         // of EAP alone; "" without EAP
	Anonymous      bool           // the peer has proven nothing: it has no identity, and takes nobody's place (RFC 7619, Section 2.3)
	Grants         []*eap.Grant   // what accounts say that the peer may have, in the order of rounds
	Began          time.Time      // when IKE_SA_INIT came, or went
	InitialContact bool
	Request        *wire.Configuration // nil: the peer asked for nothing
}

// A Verdict answers an Admission. A refusal says which notify the peer gets.
type Verdict struct {
	Addresses []netip.Addr // leased to the peer
	Reply     *wire.Configuration
	Refusal   *Failure
}

// Gateway holds the settings of the whole node.
type Gateway struct {
	VendorIDs [][]byte
	HalfOpen  HalfOpenLimits
	NATTPort  uint16 // our port for IKE and ESP behind NATs; 0 is 4500
}
