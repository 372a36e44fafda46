package sim

import "net/netip"

// A host takes packets for its addresses.
type host interface {
	arrive(p Packet)
	// line is the direction of its line that leads to it.
	line() *Weather
}

// A Network carries packets between hosts. A packet passes the line of its sender and the line of who has its destination
// address.
type Network struct {
	// Intercept sees every packet on its way, before it comes to the receiver's line. It calls pass for what goes on, at once
	// or later, changed or not. nil: everything goes on.
	Intercept func(p Packet, pass func(Packet))

	lab     *Lab
	hosts   map[Address]host
	cut     map[[2]Address]bool
	streams map[[2]netip.AddrPort]*stream // by the end of who has opened it, and the other
	ports   uint16                        // of streams so far
}

func newNetwork(l *Lab) *Network {
	return &Network{lab: l, hosts: map[Address]host{}, cut: map[[2]Address]bool{}, streams: map[[2]netip.AddrPort]*stream{}}
}

// attach gives an address to a host; nil takes it away.
func (n *Network) attach(a Address, h host) {
	if h == nil {
		delete(n.hosts, a)
		return
	}
	n.hosts[a] = h
}

// Part cuts the way between two addresses in one direction, or mends it.
func (n *Network) Part(from, to Address, cut bool) { n.cut[[2]Address{from, to}] = cut }

// Send puts a packet onto the network as it is, whoever claims to be its source.
func (n *Network) Send(p Packet) {
	if n.Intercept == nil {
		n.forward(p)
		return
	}
	n.Intercept(p, n.forward)
}

// over sends a packet over a line, and what comes out at its end on with next.
func (n *Network) over(w *Weather, p Packet, next func(Packet)) {
	passes, lost := w.carry(n.lab, p)
	if lost != "" {
		n.lab.trace.fate(n.lab, p, lost)
	}
	for _, out := range passes {
		if out.fate != "" {
			n.lab.trace.fate(n.lab, p, out.fate[1:])
		}
		n.lab.After(out.delay, func() { next(out.packet) })
	}
}

// forward takes a packet from the middle of the network to its receiver.
func (n *Network) forward(p Packet) {
	to := n.hosts[p.Destination.Addr().Unmap()]
	if to == nil || n.cut[[2]Address{p.Source.Addr(), p.Destination.Addr()}] {
		n.lab.trace.fate(n.lab, p, "unreachable")
		return
	}
	n.over(to.line(), p, func(p Packet) {
		if h := n.hosts[p.Destination.Addr().Unmap()]; h != nil {
			h.arrive(p)
		}
	})
}

// at joins an address and a port.
func at(a Address, port uint16) netip.AddrPort { return netip.AddrPortFrom(a, port) }
