package sim

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"culvert/esp"
)

// A Ledger follows every inner packet from the host that sends it to the host that gets it. It notes as a problem what is
// never right: clear text outside, packets that arrive twice, changed, or at somebody else's.
type Ledger struct {
	// Readable says that the children do not encrypt, so that clear text outside is no problem.
	Readable bool

	lab     *Lab
	parcels []parcel // by number, from 1
	current uint64   // being given to a data plane
}

// A parcel is one inner packet.
type parcel struct {
	from, to  *Node
	at        time.Duration // when it was sent
	sealed    bool          // it left through an SA
	arrived   bool          // the network has brought the ESP packet unharmed
	dropped   esp.Drop      // why the receiver's data plane did not take it, the first time
	delivered int
}

// A Sum counts parcels.
type Sum struct {
	Sent      int // given to the data plane
	Sealed    int // left through an SA
	Arrived   int // came to the receiver unharmed
	Delivered int // and out of its tunnel
}

func newLedger(l *Lab) *Ledger { return &Ledger{lab: l, parcels: make([]parcel, 1)} }

// Send sends an inner packet from a host behind one node to a host behind another.
func (g *Ledger) Send(from, to *Node, source, destination netip.AddrPort) (number uint64) {
	number = uint64(len(g.parcels))
	g.parcels = append(g.parcels, parcel{from: from, to: to, at: g.lab.Elapsed()})
	if !from.Running() {
		return number
	}
	payload := binary.BigEndian.AppendUint64([]byte(canary), number)
	g.current = number
	plane := from.core.plane
	worker := 1 + int(source.Port())%plane.Resources()
	_ = plane.InjectAt(worker, udp(source, destination, payload)) // without an SA it goes nowhere
	g.current = 0
	return number
}

// sealed takes note that the packet that is being sent left through an SA.
func (g *Ledger) sealed() uint64 {
	g.parcels[g.current].sealed = true
	return g.current
}

// inspect looks for clear text in what a node sends.
func (g *Ledger) inspect(n *Node, p Packet) {
	if !g.Readable && bytes.Contains(p.Data, []byte(canary)) {
		g.lab.Problem("%s sends clear text to %v", n.Name, p.Destination)
	}
}

// arrived takes note of an ESP packet and what became of it.
func (g *Ledger) arrived(n *Node, p Packet, why esp.Drop) {
	e := &g.parcels[p.parcel]
	if p.parcel == 0 || e.to != n {
		return
	}
	e.arrived = true
	if why != 0 && e.delivered == 0 && e.dropped == 0 {
		e.dropped = why
	}
}

// deliver takes an inner packet that came out of a tunnel.
func (n *Node) deliver(pkt []byte) { n.lab.Ledger.delivered(n, pkt) }

func (g *Ledger) delivered(n *Node, pkt []byte) {
	d, ok := readUDP(pkt)
	if !ok || len(d.payload) != len(canary)+8 || !d.sound {
		g.lab.Problem("%s gets a damaged packet out of a tunnel: %x", n.Name, pkt)
		return
	}
	number := binary.BigEndian.Uint64(d.payload[len(canary):])
	e := &g.parcels[number]
	e.delivered++
	if e.to != n {
		g.lab.Problem("%s gets packet %d, which is for %s", n.Name, number, e.to.Name)
	}
	if e.delivered > 1 {
		g.lab.Problem("%s gets packet %d for the %d. time", n.Name, number, e.delivered)
	}
}

// Sum counts the parcels with numbers from first on.
func (g *Ledger) Sum(first uint64) Sum {
	var s Sum
	for i := max(first, 1); i < uint64(len(g.parcels)); i++ {
		e := &g.parcels[i]
		s.Sent++
		s.Sealed += one(e.sealed)
		s.Arrived += one(e.arrived)
		s.Delivered += one(e.delivered > 0)
	}
	return s
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Next is the number of the next parcel.
func (g *Ledger) Next() uint64 { return uint64(len(g.parcels)) }

// Delivered tells whether a parcel has arrived.
func (g *Ledger) Delivered(number uint64) bool { return g.parcels[number].delivered > 0 }

// Refused lists the parcels from first on that came to their receiver and did not get through, with the reason.
func (g *Ledger) Refused(first uint64) []string {
	var list []string
	for i := max(first, 1); i < uint64(len(g.parcels)); i++ {
		if e := &g.parcels[i]; e.arrived && e.delivered == 0 {
			list = append(list, fmt.Sprintf("packet %d from %s to %s at %.3fs: %v", i, e.from.Name, e.to.Name, e.at.Seconds(), e.dropped))
		}
	}
	return list
}
