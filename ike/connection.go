package ike

import (
	"net/netip"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// A Connection is what is configured about one peer or class of peers. It is immutable once the engine has it.
type Connection struct {
	Name            string
	LocalAddrs      []netip.Prefix // empty is any
	RemoteAddrs     []netip.Prefix // empty is any; with RemoteNames, what they resolve to is taken as well
	RemoteNames     []string       // names of the peer, resolved anew before each attempt to connect
	LocalPort       uint16         // 0 is 500
	RemotePort      uint16         // 0 is 500
	Transport       Transport
	TCPPort         uint16       // of the peer; 0 is 4500 (RFC 9329, Section 2)
	LocalAuth       []auth.Local // rounds in order; one for now
	RemoteAuth      []auth.Remote
	Proposals       []wire.Proposal // IKE, in order of preference
	Children        []*ChildConfig
	Fragmentation   Fragmentation
	FragmentSize    int  // octets of an IKE message; 0 is 1232 for IPv6 and 548..1252 by RFC 7383, Section 2.5.1
	NoPathProbes    bool // send no requests that are padded to find the MTU of the path (RFC 8899)
	Childless       Childless
	WindowSize      int // requests that we accept at a time, announced by SET_WINDOW_SIZE when above 1 (RFC 7296, Section 2.3)
	ForceEncap      bool
	AlwaysNATPort   bool              // as initiator: leave port 500 even without a NAT on the way
	PostQuantum     suite.PostQuantum // Proposals are made for it; Require demands more of an IKE SA with PPKs
	PPKs            []auth.PPK        // post-quantum preshared keys; as initiator the first one, where only one can be offered
	PPKRequired     bool
	PPKExchange     PPKExchange
	AllowDowngrade  bool // leave out IKE_SA_INIT_FULL_TRANSCRIPT_AUTH (draft-ietf-ipsecme-ikev2-downgrade-prevention)
	Unique          Uniqueness
	InitialContact  bool
	SendCertReq     bool
	AnnounceAuth    bool         // tell the peer which ways to authenticate we accept (RFC 9593)
	VirtualIPs      []netip.Addr // requested by us as client; unspecified addresses ask for any of the family
	Pools           []string     // served to the peer
	DNS             bool         // as client: accept DNS servers
	Lifetime        Lifetime     // of the IKE SA
	ReauthTime      time.Duration
	AuthLifetime    time.Duration // announced to the initiator (RFC 4478)
	AuthGrace       time.Duration // after AuthLifetime, until we close what was not authenticated again
	DPDDelay        time.Duration // liveness check after this time without a sign of life; 0 is off
	Keepalive       time.Duration // NAT keepalive; 0 is 20 s (RFC 3948, Section 4)
	Retransmit      Retransmit
	Reconnect       Reconnect
	Limits          ConnectionLimits
	DSCP            uint8                 // of IKE messages, 0 to 63
	IfIDIn, IfIDOut dataplane.InterfaceID // of the children that have none; one that is chosen is one of the IKE SA
	FollowRedirects RedirectRule          // as client (RFC 5685)
	RedirectTo      RedirectTo            // as gateway
}

// Transport says what carries IKE and ESP of a connection.
type Transport uint8

// The transports.
const (
	TransportUDP  Transport = iota // UDP, and ESP alone where nothing stands in its way
	TransportTCP                   // a TCP stream (RFC 9329)
	TransportAuto                  // either; as initiator UDP first (RFC 9329, Section 5.1)
)

// Reconnect says how often a connection is tried. The wait after attempt n is Delay * 2^n, at most MaxDelay, less a random
// quarter.
type Reconnect struct {
	KeepUp          bool // for ever, and again when the connection is lost
	Tries           int  // attempts without KeepUp; 0 is 1
	Endless         bool // attempts without end until it is up; without KeepUp not again when it is lost
	Delay, MaxDelay time.Duration
}

// DSCPCopying says in which directions the DSCP is copied between the headers of tunnel mode (RFC 2983; RFC 4301, Section
// 5.1.2). Inwards it is what anybody on the path has made of it.
type DSCPCopying uint8

// Directions of copying, which may be combined.
const (
	DSCPOut  DSCPCopying = 1 << iota // inner to outer header
	DSCPIn                           // outer to inner header
	DSCPBoth = DSCPOut | DSCPIn
)

// Lifetime bounds an SA by time. Rekeying starts at Rekey less a random part of up to Jitter; Hard ends the SA.
type Lifetime struct {
	Rekey, Jitter, Hard time.Duration
}

// Retransmit is the backoff of requests: after try n the wait is Timeout * Base^n, at most Max, plus or minus Jitter
// percent; Tries retransmissions are made.
type Retransmit struct {
	Timeout time.Duration
	Base    float64
	Max     time.Duration
	Jitter  int
	Tries   int
}

// ConnectionLimits bound what one authenticated peer may hold.
type ConnectionLimits struct {
	Children int // 0 is 64; more is refused with NO_ADDITIONAL_SAS
}

// Fragmentation of IKE messages (RFC 7383).
type Fragmentation uint8

// The fragmentation policies.
const (
	FragmentYes    Fragmentation = iota // announce, fragment what is too large
	FragmentAccept                      // announce and accept, never fragment
	FragmentForce                       // as FragmentYes, at once at the size that passes everywhere
	FragmentNo
)

// Childless is the policy for IKE SAs without a first child (RFC 6023).
type Childless uint8

// The childless policies.
const (
	ChildlessAllow  Childless = iota // as responder only
	ChildlessPrefer                  // initiate childless when the peer can
	ChildlessForce
	ChildlessNever
)

// Uniqueness says what happens when a peer with the same identity connects again.
type Uniqueness uint8

// The uniqueness policies.
const (
	UniqueReplace Uniqueness = iota // the new SA replaces the old one
	UniqueKeep                      // the new one is refused while the old one answers
	UniqueNo                        // both live; INITIAL_CONTACT still deletes (RFC 7296, Section 2.4)
	UniqueNever                     // both live, INITIAL_CONTACT is ignored
)

// A ChildConfig is what is configured about one child of a connection. It is immutable.
type ChildConfig struct {
	Name string
	// Local and Remote are the traffic. A selector whose Start and End are the zero Addr is dynamic: it stands for our, or
	// the peer's, virtual addresses or else the address of the IKE SA.
	Local, Remote            []spd.Selector
	Proposals                []wire.Proposal // ESP
	Mode                     esp.Mode
	Lifetime                 Lifetime
	SoftBytes, HardBytes     uint64 // 0 is no limit
	SoftPackets, HardPackets uint64
	JitterBytes              uint64 // the soft limits are lowered by a random part of up to this
	JitterPackets            uint64
	SinglePair               bool // one Child SA for each pair of addresses (RFC 7296, Section 2.9)
	PerResource              bool // Child SAs of single resources beside the first (RFC 9611)
	NonFirstFragments        bool // agree to carry fragments without ports (RFC 4301, Section 7)
	DraftSHA256              bool // HMAC-SHA-256 in ESP is cut to 96 bits, as before RFC 4868
	ReplayWindow             int
	TFC                      int
	Cover                    int            // packets per second that leave at least (RFC 4303, Section 2.6); 0: any
	AggFrag                  *AggFragConfig // nil: no AGGFRAG mode
	CopyDSCP                 DSCPCopying
	NoECN                    bool
	ReqID                    uint32        // 0: of the data plane's choice
	Inactivity               time.Duration // without a packet of either direction after which the child ends; 0: never
	Kernel                   dataplane.Kernel
	DF                       dataplane.DF
	Priority                 int
	Start                    StartAction
	OnClose                  StartAction // what follows when the peer closes the child
	OnDead                   StartAction // what follows when the peer is found dead
	Block                    bool        // no clear text while the child is down
	Groups                   []string    // the peer's account must be in one of these; empty: no matter
	Updown                   string      // command for the driver to run when the child comes and goes; empty: none
	HostAccess               bool        // for that command
}

// StartAction is how a child comes up. It is a set.
type StartAction uint8

// The start actions.
const (
	StartNone   StartAction = 0
	StartTrap   StartAction = 1
	StartUp     StartAction = 2
	StartTrapUp             = StartTrap | StartUp // up at once, and again with a packet that comes while it is down
)

// Traps tells whether packets of the child ask for it.
func (a StartAction) Traps() bool { return a&StartTrap != 0 }

// Starts tells whether the child is brought up by itself.
func (a StartAction) Starts() bool { return a&StartUp != 0 }
