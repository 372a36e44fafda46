package sim

import (
	"net/netip"
	"time"

	"culvert/dataplane"
)

// A NAT is a router that hides nodes behind an address of its own. Its mapping of an inside address and port is the same
// towards everybody (RFC 4787, Section 4.1).
type NAT struct {
	Up, Down Weather
	// Idle is how long a mapping is kept without packets from inside; 0 is for ever.
	Idle time.Duration
	// Strict lets packets in only from where packets went out to.
	Strict bool

	lab    *Lab
	public Address
	inside map[Address]*Node
	maps   map[netip.AddrPort]*mapping // by the inside address and port
	ports  map[uint16]*mapping         // by the outside port
	next   uint16
}

// A mapping is one inside address and port on the outside.
type mapping struct {
	inside netip.AddrPort
	port   uint16
	used   time.Time
	peers  map[netip.AddrPort]bool
	fixed  bool // configured: open to everybody, for ever
}

// firstPort is where mappings begin: such as a NAT that does not keep ports.
const firstPort = 20000

// NewNAT adds a router with a public address.
func (l *Lab) NewNAT(public Address) *NAT {
	n := &NAT{lab: l, public: public, inside: map[Address]*Node{}, next: firstPort}
	n.Rebind(public)
	return n
}

// Public is the address that the world sees.
func (n *NAT) Public() Address { return n.public }

// Hide puts a node behind the router: its address is known inside only.
func (n *NAT) Hide(node *Node) {
	node.behind = n
	for _, a := range node.addrs {
		n.lab.Network.attach(a, nil)
		n.inside[a] = node
	}
}

// Forward leads the ports of IKE to a node inside, as for a server behind a router.
func (n *NAT) Forward(node *Node) {
	for _, a := range node.addrs {
		for _, port := range []uint16{portIKE, portNATT} {
			m := &mapping{inside: at(a, port), port: port, fixed: true, peers: map[netip.AddrPort]bool{}}
			n.maps[m.inside], n.ports[port] = m, m
		}
	}
}

// Rebind forgets all mappings, as a router does that was switched off, and moves to an address. Ports are not used again.
func (n *NAT) Rebind(public Address) {
	n.lab.Network.attach(n.public, nil)
	n.public, n.maps, n.ports = public, map[netip.AddrPort]*mapping{}, map[uint16]*mapping{}
	n.lab.Network.attach(public, n)
}

// leave translates a packet from inside. ESP as a protocol has no ports to translate, and goes no further.
func (n *NAT) leave(p Packet) {
	if p.Transport == dataplane.TransportRaw {
		n.lab.trace.fate(n.lab, p, "no ports to translate")
		return
	}
	m := n.maps[p.Source]
	if m == nil || n.expired(m) {
		m = &mapping{inside: p.Source, port: n.next, peers: map[netip.AddrPort]bool{}}
		n.next++
		n.maps[p.Source], n.ports[m.port] = m, m
	}
	m.used, m.peers[p.Destination] = n.lab.now, true
	p.Source = at(n.public, m.port)
	n.lab.Network.over(&n.Up, p, n.lab.Network.Send)
}

func (n *NAT) expired(m *mapping) bool {
	return !m.fixed && n.Idle > 0 && n.lab.now.Sub(m.used) > n.Idle
}

func (n *NAT) line() *Weather { return &n.Down }

// arrive translates a packet from outside, if there is a mapping for it.
func (n *NAT) arrive(p Packet) {
	m := n.ports[p.Destination.Port()]
	if m == nil || p.Transport == dataplane.TransportRaw || n.expired(m) || n.maps[m.inside] != m || n.Strict && !m.fixed && !m.peers[p.Source] {
		n.lab.trace.fate(n.lab, p, "no mapping")
		return
	}
	p.Destination = m.inside
	node := n.inside[m.inside.Addr()]
	n.lab.Network.over(&node.Down, p, node.arrive)
}
