package ike

import (
	"net/netip"

	"culvert/esp"
	"culvert/spd"
)

// Transport mode behind NATs (RFC 7296, Section 2.23.1): the traffic selectors hold the addresses that the sender sees. Each
// side replaces those that a NAT has changed by the ones of the IKE SA, remembers the originals, which fix checksums, and
// judges what comes out of it.

// transportOffer returns the selectors of a request for transport mode as we see them. ok is false when the peer did not
// ask for transport mode, or when the traffic is not between the two ends of the IKE SA.
func (sa *SA) transportOffer(m childMessage, d *childDeal) (tsi, tsr []spd.Selector, ok bool) {
	remote, single := singleAddress(m.tsi)
	local, alsoSingle := singleAddress(m.tsr)
	if !m.transport || !single || !alsoSingle {
		return nil, nil, false
	}
	if sa.peer.behindNAT || sa.peer.weBehindNAT {
		d.originalRemote, d.originalLocal = remote, local
	}
	tsi = sa.untranslate(m.tsi, sa.peer.behindNAT, sa.path.Remote)
	tsr = sa.untranslate(m.tsr, sa.peer.weBehindNAT, sa.path.Local)
	return tsi, tsr, about(tsi, sa.path.Remote) && about(tsr, sa.path.Local)
}

// transportAnswer does the same as initiator with the selectors of a response.
func (sa *SA) transportAnswer(m *childMessage, d *childDeal) bool {
	local, single := singleAddress(m.tsi)
	remote, alsoSingle := singleAddress(m.tsr)
	if !single || !alsoSingle {
		return false
	}
	if sa.peer.behindNAT || sa.peer.weBehindNAT {
		d.originalRemote, d.originalLocal = remote, local
	}
	m.tsi = sa.untranslate(m.tsi, sa.peer.weBehindNAT, sa.path.Local)
	m.tsr = sa.untranslate(m.tsr, sa.peer.behindNAT, sa.path.Remote)
	return true
}

// renewTransport replaces the children that carry the traffic of an address which is no longer the peer's.
func (sa *SA) renewTransport() {
	for _, c := range sa.children {
		if c.mode == esp.Transport {
			sa.startRekeyChild(c)
		}
	}
}

// untranslate gives selectors the address of one end of the IKE SA when a NAT stands before that end.
func (sa *SA) untranslate(list []spd.Selector, behindNAT bool, end netip.AddrPort) []spd.Selector {
	if !behindNAT {
		return list
	}
	return substitute(list, end.Addr().Unmap())
}

// about tells whether selectors are about one end of the IKE SA.
func about(list []spd.Selector, end netip.AddrPort) bool {
	addr, ok := singleAddress(list)
	return ok && addr == end.Addr().Unmap()
}

// betweenEnds returns the configured selectors of one side for a proposal of transport mode: those that allow the address of
// that end, reduced to it.
func betweenEnds(list []spd.Selector, end netip.AddrPort) []spd.Selector {
	return narrow(expand(list, []netip.Addr{end.Addr().Unmap()}), []spd.Selector{spd.Host(end.Addr().Unmap())})
}
