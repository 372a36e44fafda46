package ike

import (
	"slices"

	"culvert/dataplane"
	"culvert/ike/plpmtu"
	"culvert/wire"
)

// The MTU of the path to the peer is found with requests of our own (RFC 8899): an INFORMATIONAL request, filled up to the
// size in question and sent as one packet that must not be fragmented, has an authentic answer from every peer. What the
// answer shows holds for ESP too, which goes the same way.
//
// A request cannot be given up (RFC 7296, Section 2.1). One that is lost goes on as packets that may be fragmented, then in
// fragments of IKE (RFC 7383, Section 2.5.2), whose answer tells a narrow path from one that is down. charon takes no
// fragments of INFORMATIONAL requests: the last resort, and the first over IPv6, is the same request without what fills it. The peer has
// not seen the former one, or answers both alike by their Message ID.

// notifyHeader is the octets of a Notify payload without SPI before its data (RFC 7296, Section 3.10).
const notifyHeader = 8

// encryptedHeader is the octets of an IKE message before the contents of its Encrypted payload (RFC 7296, Sections 3.1 and 3.14).
const encryptedHeader = wire.HeaderLen + 4

// A pathProbe is the exchange of one probe.
type pathProbe struct {
	octets  int // of the IP packet
	request *pendingRequest
}

func (t *pathProbe) row() *row { return exchangeRow("INFORMATIONAL") }

func (t *pathProbe) begin(sa *SA) bool {
	size, wanted := sa.pathMTU.Probe()
	if !wanted || sa.wake() != nil {
		return false
	}
	payloads := sa.probePadding(size)
	h := sa.header(wire.ExchangeInformational, sa.requests.take(t), 0)
	datagram, err := wire.Seal(sa.out, h, payloads)
	if err != nil {
		sa.fail(fatal(err))
		return true
	}
	t.octets = sa.packetSize(len(datagram))
	t.request = &pendingRequest{id: h.MessageID, task: t, header: h, payloads: payloads, datagrams: [][]byte{datagram}, probing: true}
	sa.dispatch(t.request, plpmtu.ProbeTimer)
	return true
}

// response tells what the answer shows: that the whole packet got through; or that smaller ones do, and at once.
func (t *pathProbe) response(sa *SA, in *inbound) error {
	if t.request.probing {
		sa.pathMTU.Acknowledged(t.octets)
	} else {
		sa.pathMTU.Conclude(t.request.tries == 0)
	}
	sa.probePath()
	return nil
}

func (t *pathProbe) abandoned(sa *SA, why error) {}

// probeLost goes on with a probe that had no answer in time: with the same packet, or when there were enough of those, and
// when other exchanges wait, in a way that does not depend on the path.
func (sa *SA) probeLost(r *pendingRequest) {
	exhausted := sa.pathMTU.Lost()
	sa.publishPath()
	if !exhausted && len(sa.tasks) == 0 {
		sa.repeat(r, plpmtu.ProbeTimer)
		return
	}
	r.probing = false
	if !sa.path.Remote.Addr().Unmap().Is4() { // no router cuts it (RFC 8200, Section 5)
		sa.deflate(r)
	}
	sa.repeat(r, sa.backoff(0))
}

// deflate leaves out what fills a probe that got through in no other way.
func (sa *SA) deflate(r *pendingRequest) bool {
	if _, probe := r.task.(*pathProbe); !probe || len(r.payloads) == 0 {
		return false
	}
	datagram, err := wire.Seal(sa.out, r.header, nil)
	if err != nil {
		return false
	}
	r.payloads, r.datagrams = nil, [][]byte{datagram}
	return true
}

// probePadding returns the payload that makes a request fill an IP packet of size octets, as far as block ciphers allow.
func (sa *SA) probePadding(size int) []wire.Payload {
	room := size - sa.packetSize(encryptedHeader)
	n := room
	for n > notifyHeader && n+sa.out.Overhead(n) > room {
		n--
	}
	return []wire.Payload{&wire.Notify{NotifyType: wire.NotifyPadding, Data: make([]byte, max(n-notifyHeader, 0))}}
}

// packetSize is the length of the IP packet around an IKE message of n octets.
func (sa *SA) packetSize(n int) int {
	if sa.path.Remote.Addr().Unmap().Is4() {
		n += ipv4Headers
	} else {
		n += ipv6Headers
	}
	if sa.path.Local.Port() == sa.natPort() {
		n += nonESPMarker
	}
	return n
}

// probePath makes what is known about the path public, and has the next probe sent, if any is wanted.
func (sa *SA) probePath() {
	if sa.pathMTU == nil {
		return
	}
	sa.publishPath()
	if _, wanted := sa.pathMTU.Probe(); wanted {
		if !sa.probing() {
			sa.enqueue(&pathProbe{})
		}
		return
	}
	sa.timers.stop(timerRaise, 0)
	if sa.pathMTU.Raises() {
		sa.timers.set(timerRaise, 0, sa.now.Add(plpmtu.RaiseTimer))
	}
}

// probing tells whether a probe is under way, or waits for the window.
func (sa *SA) probing() bool {
	isProbe := func(t task) bool {
		_, ok := t.(*pathProbe)
		return ok
	}
	return slices.ContainsFunc(sa.tasks, isProbe) || slices.ContainsFunc(sa.requests.begun, isProbe) ||
		slices.ContainsFunc(sa.requests.pending, func(r *pendingRequest) bool { return isProbe(r.task) })
}

// publishPath tells the data plane.
func (sa *SA) publishPath() {
	if mtu := sa.pathMTU.PLPMTU(); mtu > 0 {
		sa.emit(SetPathMTU{Path: sa.espPath(), MTU: mtu})
	}
}

// raisePath tries whether the path carries more than it did.
func (sa *SA) raisePath() {
	if sa.conn.NoPathProbes {
		return
	}
	sa.pathMTU.Raise()
	sa.probePath()
}

// confirmPath has the MTU of the path probed again, if it was found.
func (sa *SA) confirmPath() {
	if sa.pathMTU == nil || sa.pathMTU.State() != plpmtu.SearchComplete || sa.state != StateEstablished || sa.inStream() || sa.conn.NoPathProbes {
		return
	}
	sa.pathMTU.Confirm()
	sa.probePath()
}

// pathSeen follows what the data plane knows about the path, and what it saw there.
func (sa *SA) pathSeen(p dataplane.PathMTU) {
	if sa.state != StateEstablished || sa.inStream() || sa.conn.NoPathProbes {
		return
	}
	if sa.pathMTU == nil {
		sa.pathMTU = &plpmtu.Search{}
	}
	if sa.pathMTU.Max() != p.Link || p == (dataplane.PathMTU{Link: p.Link}) {
		*sa.pathMTU = plpmtu.New(p.Link, !sa.path.Remote.Addr().Unmap().Is4())
	}
	if p.TooBig > 0 {
		sa.pathMTU.TooBig(p.TooBig, p.Validated)
	}
	if p.Suspect {
		sa.pathMTU.Confirm()
	}
	sa.probePath()
}
