package api

import (
	"time"

	"culvert/explain"
)

// Status is everything that is to be known about one moment.
type Status struct {
	Version         string            `json:"version" doc:"Version of the daemon"`
	Started         time.Time         `json:"started" doc:"When the daemon was started"`
	Loaded          time.Time         `json:"loaded" doc:"When the configuration in use was read"`
	Config          string            `json:"config" doc:"Path of the configuration"`
	Listening       []string          `json:"listening" doc:"Local addresses with ports"`
	Dataplane       string            `json:"dataplane" doc:"What carries the packets"`
	DataplaneReason string            `json:"dataplane_reason,omitempty" doc:"Why it is this one, where the daemon chose"`
	Connections     []Connection      `json:"connections" doc:"Configured connections, in the order of the configuration"`
	SAs             []SA              `json:"sas" doc:"IKE SAs with their children"`
	Warnings        []Warning         `json:"warnings,omitempty" doc:"What deserves a look"`
	Counters        map[string]uint64 `json:"counters" doc:"Totals since the start, by name"`
	Process         Process           `json:"process" doc:"What the daemon takes of its host"`
}

// A Process is what the daemon takes of its host.
type Process struct {
	PID        int    `json:"pid" doc:"Number of the process, in its own namespace of them"`
	Heap       uint64 `json:"heap" doc:"Octets of objects that the last garbage collection left"`
	Goroutines int    `json:"goroutines"`
}

// SAsOf returns the IKE SAs of a connection.
func (s *Status) SAsOf(connection string) []SA {
	list := []SA{}
	for i := range s.SAs {
		if s.SAs[i].Connection == connection {
			list = append(list, s.SAs[i])
		}
	}
	return list
}

// ByConnection returns the IKE SAs of each connection that has any, for whoever looks at all of them.
func (s *Status) ByConnection() map[string][]SA {
	of := map[string][]SA{}
	for i := range s.SAs {
		name := s.SAs[i].Connection
		of[name] = append(of[name], s.SAs[i])
	}
	return of
}

// Connection returns the connection of that name.
func (s *Status) Connection(name string) (Connection, bool) {
	for _, c := range s.Connections {
		if c.Name == name {
			return c, true
		}
	}
	return Connection{}, false
}

// A Warning is a state that needs somebody.
type Warning struct {
	Code   explain.Code `json:"code"`
	Text   string       `json:"text" doc:"What is wrong"`
	Action string       `json:"action,omitempty" doc:"What to do"`
}

// ConnectionState is where a configured connection stands.
type ConnectionState string

// The states of a connection.
const (
	Idle       ConnectionState = "idle"       // nothing is wanted
	Listening  ConnectionState = "listening"  // waits for the peer
	Trapped    ConnectionState = "trapped"    // waits for a packet
	Connecting ConnectionState = "connecting" // an attempt is under way
	Waiting    ConnectionState = "waiting"    // the next attempt comes at NextAttempt
	Up         ConnectionState = "up"
)

// A Connection is a configured connection.
type Connection struct {
	Name        string          `json:"name"`
	State       ConnectionState `json:"state" enum:"idle,listening,trapped,connecting,waiting,up"`
	Remote      []string        `json:"remote" doc:"Configured addresses of the peer; none: any"`
	Children    []string        `json:"children" doc:"Names of the configured children"`
	Source      string          `json:"source,omitempty" doc:"What has loaded it: file, swanctl, vici, api"`
	Attempts    int             `json:"attempts,omitempty" doc:"Attempts since it was last up"`
	NextAttempt *time.Time      `json:"next_attempt,omitempty" doc:"When it is tried again"`
	LastFailure *Problem        `json:"last_failure,omitempty" doc:"Why the last attempt failed"`
}

// SAState is where an IKE SA stands.
type SAState string

// The states of an IKE SA.
const (
	SAConnecting     SAState = "connecting"
	SAAuthenticating SAState = "authenticating"
	SAEstablished    SAState = "established"
	SARekeyed        SAState = "rekeyed" // a successor has taken over
	SAClosing        SAState = "closing"
)

// An SA is one IKE SA.
type SA struct {
	ID          uint32      `json:"id" doc:"Number of the IKE SA, never used again while the daemon runs"`
	Connection  string      `json:"connection" doc:"Name of the connection; empty while it is not known"`
	State       SAState     `json:"state" enum:"connecting,authenticating,established,rekeyed,closing"`
	Initiator   bool        `json:"initiator" doc:"We connected"`
	SPI         string      `json:"spi" doc:"Our SPI; it names the SA in commands"`
	PeerSPI     string      `json:"peer_spi"`
	Transport   string      `json:"transport" enum:"udp,tcp" doc:"What carries IKE"`
	Local       Endpoint    `json:"local"`
	Remote      Endpoint    `json:"remote"`
	User        string      `json:"user,omitempty" doc:"Whom EAP has authenticated, as accounting knows the user"`
	Groups      []string    `json:"groups,omitempty" doc:"Groups of the user"`
	Session     string      `json:"session,omitempty" doc:"Acct-Session-Id of the user's session"`
	Suite       string      `json:"suite,omitempty" doc:"Algorithms, as in a proposal"`
	Algorithms  []Algorithm `json:"algorithms,omitempty" doc:"The same, one by one"`
	Quantum     *Quantum    `json:"quantum_resistance,omitempty" doc:"Whether what is recorded today stays secret from quantum computers; once established"`
	Created     time.Time   `json:"created"`
	Established *time.Time  `json:"established,omitempty"`
	Rekey       *time.Time  `json:"rekey,omitempty" doc:"When we rekey it"`
	Reauth      *time.Time  `json:"reauth,omitempty" doc:"When we authenticate anew"`
	VirtualIPs  []string    `json:"virtual_ips,omitempty" doc:"Addresses that the peer gave us"`
	Leases      []string    `json:"leases,omitempty" doc:"Addresses that we gave the peer"`
	DNS         []string    `json:"dns,omitempty" doc:"DNS servers that the peer gave us"`
	Subnets     []string    `json:"subnets,omitempty" doc:"Networks that the peer told us to route to it"`
	Attributes  []Attribute `json:"attributes,omitempty" doc:"What else the peer told us with our addresses"`
	IfIDIn      uint32      `json:"if_id_in,omitempty" doc:"Number of the XFRM interfaces through which packets of its children arrive, unless they have their own; missing: none"`
	IfIDOut     uint32      `json:"if_id_out,omitempty" doc:"Number of the XFRM interfaces whose packets its children take, likewise"`
	PPK         string      `json:"ppk,omitempty" doc:"The post-quantum preshared key in its keys"`
	Tasks       Tasks       `json:"tasks" doc:"Exchanges that we have begun, and those that wait"`
	Children    []Child     `json:"children"`
}

// An Attribute is one of a configuration payload (RFC 7296, Section 3.15.1).
type Attribute struct {
	Name  string `json:"name" doc:"As INTERNAL_IP4_NBNS, or the number of one that is not known"`
	Value string `json:"value" doc:"An address, prefix, text, or hexadecimal digits"`
}

// Tasks are exchanges of an IKE SA that we begin, in their order.
type Tasks struct {
	Active []string `json:"active,omitempty" doc:"Begun: init, intermediate, auth, create-child, rekey-child, delete-child, rekey-ike, delete-ike, followup, probe, inform"`
	Queued []string `json:"queued,omitempty" doc:"Still to begin"`
}

// An Algorithm is one that two peers have agreed on.
type Algorithm struct {
	Type    string `json:"type" enum:"encryption,integrity,prf,key-exchange,key-exchange-1,key-exchange-2,key-exchange-3,key-exchange-4,key-exchange-5,key-exchange-6,key-exchange-7,sequence-numbers" doc:"What it is for; numbered key exchanges are additional ones (RFC 9370)"`
	Name    string `json:"name" doc:"Name, without key length: AES_GCM_16"`
	KeyBits int    `json:"key_bits,omitempty" doc:"Length of its key, where it comes in several"`
}

// Quantum tells what of an IKE SA withstands quantum computers.
type Quantum struct {
	IKE      bool     `json:"ike" doc:"The messages of the IKE SA do"`
	Children bool     `json:"children" doc:"Child SAs made from now on do"`
	Means    []string `json:"means" doc:"By what"`
}

// An Endpoint is one end of an IKE SA.
type Endpoint struct {
	Address string `json:"address" doc:"IP address and port"`
	ID      string `json:"id,omitempty" doc:"Identity, once authenticated"`
	NAT     bool   `json:"nat" doc:"It is behind a NAT"`
	// Auth and IKEID tell how the identity was proven.
	Auth  []string `json:"auth,omitempty" doc:"How it has authenticated, round by round, once it has"`
	IKEID string   `json:"ike_id,omitempty" doc:"What it called itself in IKE, where that is not the identity that counts"`
}

// ChildState is where a child stands.
type ChildState string

// The states of a child.
const (
	ChildInstalled ChildState = "installed"
	ChildRekeying  ChildState = "rekeying"
	ChildRekeyed   ChildState = "rekeyed" // replaced, still takes late packets
	ChildDeleting  ChildState = "deleting"
)

// A Child is one pair of Child SAs.
type Child struct {
	ID            uint32      `json:"id" doc:"Number of the pair, never used again while the daemon runs; rekeying gives another one"`
	Name          string      `json:"name"`
	State         ChildState  `json:"state" enum:"installed,rekeying,rekeyed,deleting"`
	Mode          string      `json:"mode" enum:"tunnel,transport"`
	Encapsulation string      `json:"encapsulation" enum:"udp,esp,tcp" doc:"How ESP travels"`
	InSPI         string      `json:"in_spi"`
	OutSPI        string      `json:"out_spi"`
	Resource      int         `json:"resource,omitempty" doc:"The worker of the data plane that it belongs to alone (RFC 9611), 1 for the first; missing: to all"`
	Reqid         uint32      `json:"reqid" doc:"What policy and SAs share, also across rekeying"`
	MarkIn        *Mark       `json:"mark_in,omitempty" doc:"Mark of the packets that inbound policies of the kernel are for; missing: any"`
	MarkOut       *Mark       `json:"mark_out,omitempty" doc:"Mark of the packets that the outbound SA and policies are for; missing: any"`
	IfIDIn        uint32      `json:"if_id_in,omitempty" doc:"Number of the XFRM interfaces through which packets arrive; missing: none"`
	IfIDOut       uint32      `json:"if_id_out,omitempty" doc:"Number of the XFRM interfaces whose packets it takes; missing: none"`
	Suite         string      `json:"suite" doc:"Algorithms, as in a proposal"`
	Algorithms    []Algorithm `json:"algorithms" doc:"The same, one by one"`
	KeyExchanges  []string    `json:"key_exchanges" doc:"Of the exchange that made it, the additional ones behind the first; none: its keys come from those of the IKE SA alone"`
	PPK           string      `json:"ppk,omitempty" doc:"The post-quantum preshared key that was mixed in when it was made"`
	Local         []string    `json:"local" doc:"Our traffic selectors"`
	Remote        []string    `json:"remote" doc:"The peer's traffic selectors"`
	Created       time.Time   `json:"created"`
	Rekey         *time.Time  `json:"rekey,omitempty" doc:"When we rekey it"`
	Expire        *time.Time  `json:"expire,omitempty" doc:"When it ends at the latest"`
	MTU           *MTU        `json:"mtu,omitempty" doc:"Missing: the data plane does not tell"`
	IPTFSDeclined bool        `json:"iptfs_declined,omitempty" doc:"The peer does not use the IP-TFS that is configured: packets are those of plain ESP"`
	In            Traffic     `json:"in"`
	Out           Traffic     `json:"out"`
}

// A Mark is one of packets in the kernel.
type Mark struct {
	Value uint32 `json:"value"`
	Mask  uint32 `json:"mask" doc:"The bits that count"`
}

// An MTU is how large the packets of a child may be, in octets.
type MTU struct {
	Effective int    `json:"effective" doc:"Of packets that go into the tunnel without being cut; 0: any size"`
	Path      int    `json:"path" doc:"Of ESP packets on the way to the peer, all headers included"`
	Source    string `json:"source" enum:"link,icmp,probe" doc:"How the path's was learnt: from the first link, from ICMP about packets of ours, or by probes that the peer answered"`
}

// Traffic is what one direction has carried.
type Traffic struct {
	Bytes   uint64     `json:"bytes"`
	Packets uint64     `json:"packets"`
	LastUse *time.Time `json:"last_use,omitempty"`
	IPTFS   *IPTFS     `json:"iptfs,omitempty" doc:"Of children in AGGFRAG mode (RFC 9347)"`
}

// IPTFS is what one direction of a child in AGGFRAG mode has carried inside its packets (names of RFC 9348).
type IPTFS struct {
	Sending      string  `json:"sending" enum:"constant,controlled,as-needed" doc:"When we send"`
	InnerPackets uint64  `json:"inner_packets"`
	InnerOctets  uint64  `json:"inner_octets"`
	AllPad       uint64  `json:"all_pad_packets" doc:"Outer packets of padding alone"`
	ExtraPad     uint64  `json:"extra_pad_packets" doc:"Outer packets with some padding"`
	Dropped      uint64  `json:"dropped_packets,omitempty" doc:"Out: inner packets for which there was no room or time"`
	Incomplete   uint64  `json:"incomplete_packets,omitempty" doc:"In: inner packets of which a part was lost"`
	Errored      uint64  `json:"errored_packets,omitempty" doc:"In: outer packets whose contents are wrong"`
	Missed       uint64  `json:"missed_packets,omitempty" doc:"In: outer packets that did not come"`
	Late         uint64  `json:"late_packets,omitempty" doc:"In: outer packets that came too late"`
	Rate         float64 `json:"rate,omitempty" doc:"Out: packets per second now"`
	PacketSize   int     `json:"packet_size,omitempty" doc:"Out: octets of outer packets"`
	RTT          float64 `json:"rtt,omitempty" doc:"Out: estimated round-trip time in seconds"`
	Loss         float64 `json:"loss_event_rate,omitempty" doc:"Out: loss event rate that the peer reports"`
	Tripped      bool    `json:"tripped,omitempty" doc:"Out: the circuit breaker has ended it"`
}

// A Pool is an address pool of one family or both.
type Pool struct {
	Name    string  `json:"name"`
	Size    string  `json:"size" doc:"Addresses that it can lease, a decimal number of any length"`
	Online  int     `json:"online" doc:"Leases in use"`
	Offline int     `json:"offline" doc:"Leases kept for peers that are away"`
	Leases  []Lease `json:"leases"`
}

// A Lease is an address of a pool that a peer holds.
type Lease struct {
	Address  string    `json:"address"`
	Identity string    `json:"identity"`
	Online   bool      `json:"online"`
	Static   bool      `json:"static,omitempty" doc:"It is fixed by the configuration"`
	Since    time.Time `json:"since" doc:"When it went online or offline"`
}

// Reloaded tells what a reload has changed, by kind and name: "connection office", "child office/net".
type Reloaded struct {
	Added    []string  `json:"added"`
	Removed  []string  `json:"removed"`
	Changed  []string  `json:"changed"`
	Restart  []string  `json:"restart,omitempty" doc:"Options that count from the next start of the daemon on"`
	Warnings []Warning `json:"warnings,omitempty"`
}
