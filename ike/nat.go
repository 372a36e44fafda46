package ike

import (
	"cmp"
	"crypto/sha1"
	"encoding/binary"
	"io"
	"net/netip"
	"time"

	"culvert/dataplane"
	"culvert/wire"
)

// The ports of IKE, and of IKE and ESP behind NATs (RFC 7296, Section 2.23).
const (
	portIKE  = 500
	portNATT = 4500
)

// defaultKeepalive is the interval of NAT keepalives (RFC 3948, Section 4).
const defaultKeepalive = 20 * time.Second

// natHash is the data of a NAT detection notify: SHA-1 of SPIs, address and port (RFC 7296, Section 2.23).
func natHash(spiI, spiR wire.SPI, at netip.AddrPort) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(spiI))
	b = binary.BigEndian.AppendUint64(b, uint64(spiR))
	b = append(b, at.Addr().Unmap().AsSlice()...)
	b = binary.BigEndian.AppendUint16(b, at.Port())
	sum := sha1.Sum(b)
	return sum[:]
}

// natDetection makes the two notifies for a message of ours. To force encapsulation the source hash is made to fit no
// address, so that the peer believes in a NAT.
func (sa *SA) natDetection(path dataplane.Path) []wire.Payload {
	source := natHash(sa.spiI, sa.spiR, path.Local)
	if sa.conn.ForceEncap {
		io.ReadFull(sa.env.Rand, source)
	}
	return []wire.Payload{
		&wire.Notify{NotifyType: wire.NotifyNATDetectionSourceIP, Data: source},
		&wire.Notify{NotifyType: wire.NotifyNATDetectionDestinationIP, Data: natHash(sa.spiI, sa.spiR, path.Remote)},
	}
}

// detectNAT reads the peer's notifies. Without them the peer knows no NAT traversal.
func (sa *SA) detectNAT(in *inbound) {
	sources, fromThere := matchHash(in, wire.NotifyNATDetectionSourceIP, in.path.Remote)
	destinations, toHere := matchHash(in, wire.NotifyNATDetectionDestinationIP, in.path.Local)
	sa.peer.behindNAT = sources > 0 && !fromThere
	sa.peer.weBehindNAT = destinations > 0 && !toHere
	sa.peer.detectsNAT = sources > 0
	sa.peer.encap = sa.peer.behindNAT || sa.peer.weBehindNAT || sa.conn.ForceEncap && sa.peer.detectsNAT
}

// matchHash counts the notifies of a type, and tells whether one fits the address. A sender that does not know its address
// sends several (RFC 7296, Section 2.23).
func matchHash(in *inbound, t wire.NotifyType, at netip.AddrPort) (n int, match bool) {
	want := natHash(in.InitiatorSPI, in.ResponderSPI, at)
	for _, p := range in.payloads {
		if notify, ok := p.(*wire.Notify); ok && notify.NotifyType == t {
			n++
			match = match || string(notify.Data) == string(want)
		}
	}
	return n, match
}

// floatPort moves the initiator to port 4500 when there is a NAT, and without one where that is wished (RFC 7296, Section 2.23). A
// peer on a port of its own choice stays there.
func (sa *SA) floatPort() {
	wished := sa.conn.AlwaysNATPort && sa.peer.detectsNAT
	if !sa.peer.encap && !wished || sa.inStream() {
		return
	}
	sa.path.Local = netip.AddrPortFrom(sa.path.Local.Addr(), sa.natPort())
	if sa.path.Remote.Port() == portIKE {
		sa.path.Remote = netip.AddrPortFrom(sa.path.Remote.Addr(), portNATT)
	}
}

// natPort is our port for IKE and ESP behind NATs.
func (sa *SA) natPort() uint16 { return cmp.Or(sa.env.Gateway.NATTPort, portNATT) }

// espPath is the path of the children: raw ESP where nothing stands in its way.
func (sa *SA) espPath() dataplane.Path {
	p := sa.path
	if sa.inStream() { // NATs do not matter to it (RFC 9329, Section 6.5)
		return p
	}
	p.Transport = dataplane.TransportRaw
	if sa.peer.encap {
		p.Transport = dataplane.TransportUDP
	}
	return p
}

// heard takes note of a fresh authentic message: a sign of life (RFC 7296, Section 2.4), and perhaps a new address.
func (sa *SA) heard(path dataplane.Path) {
	sa.lastHeard = sa.now
	sa.stream.tries = 0
	if sa.follows(path) {
		sa.move(path)
	}
}

// follows tells whether the SA goes to where an authentic message came from. Half-open, the initiator decides on the ports;
// later only a peer behind a NAT moves, and only when we are behind none (RFC 7296, Section 2.23). A stream has as its end who did
// not open it (RFC 9329, Section 6.1).
func (sa *SA) follows(path dataplane.Path) bool {
	streams := path.Transport == dataplane.TransportTCP
	path.Transport = sa.path.Transport
	switch {
	case path == sa.path || streams != sa.inStream():
		return false
	case streams:
		return !sa.stream.originator
	}
	if !sa.initiator && sa.state == StateAuthenticating {
		return true
	}
	return sa.peer.behindNAT && !sa.peer.weBehindNAT
}

// move gives the SA and its children a new path.
func (sa *SA) move(path dataplane.Path) {
	before, was := sa.path, sa.detail()
	elsewhere := path.Remote.Addr() != before.Remote.Addr()
	path.Transport = before.Transport
	sa.path = path
	sa.moveChildren()
	if sa.inStream() {
		sa.moveStream(before)
	}
	if elsewhere {
		sa.renewTransport()
	}
	if sa.state.authenticated() {
		sa.news(News{Kind: NewsAddress, Status: was})
	}
}

// armKeepalive keeps the mapping of a NAT in front of us alive (RFC 7296, Section 2.23; RFC 3948, Section 4).
func (sa *SA) armKeepalive() {
	if sa.peer.weBehindNAT && !sa.inStream() { // RFC 9329, Section 6.6
		sa.timers.set(timerKeepalive, 0, sa.now.Add(sa.keepaliveInterval()))
	}
}

func (sa *SA) keepaliveInterval() time.Duration {
	if d := sa.conn.Keepalive; d > 0 {
		return d
	}
	return defaultKeepalive
}

// keepaliveDue sends a keepalive unless a message went out meanwhile.
func (sa *SA) keepaliveDue() {
	if quiet := sa.now.Sub(sa.lastSent); quiet < sa.keepaliveInterval() {
		sa.timers.set(timerKeepalive, 0, sa.lastSent.Add(sa.keepaliveInterval()))
		return
	}
	sa.emit(SendKeepalive{Path: sa.path})
	sa.lastSent = sa.now
	sa.armKeepalive()
}
