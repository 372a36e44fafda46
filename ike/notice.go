package ike

import (
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/wire"
)

// noticeInterval limits how often the peer is told about bad packets, which anybody can send (RFC 7296, Section 2.21.4).
const noticeInterval = 10 * time.Second

// maxPacketStart is how much of a bad packet the peer is shown, as in ICMP.
const maxPacketStart = 64

// notice handles news of the data plane.
func (sa *SA) notice(n dataplane.Notice) {
	switch n.Kind {
	case dataplane.NoticeAcquire:
		sa.acquireResource(n)
	case dataplane.NoticeSoftLimit:
		sa.startRekeyChild(sa.noticed(n))
	case dataplane.NoticeHardLimit:
		sa.expireChild(sa.noticed(n), "by volume")
	case dataplane.NoticeBreaker:
		sa.breakChild(sa.noticed(n))
	case dataplane.NoticeFirstPacket:
		sa.sendWith(sa.noticed(n))
	case dataplane.NoticeNewAddress:
		if c := sa.noticed(n); c != nil && c.state != childLingering {
			sa.heardESP(n.Path)
		}
	case dataplane.NoticePath:
		sa.pathSeen(n.PathMTU)
	case dataplane.NoticeBadSPI:
		sa.complain(&wire.Notify{NotifyType: wire.NotifyInvalidSPI, Data: spiOctets(n.SPI)})
	case dataplane.NoticeSelectors:
		if c := sa.noticed(n); c != nil {
			sa.complain(&wire.Notify{Protocol: wire.ProtocolESP, SPI: spiOctets(c.outSPI), NotifyType: wire.NotifyInvalidSelectors,
				Data: n.Data[:min(len(n.Data), maxPacketStart)]})
		}
	}
}

// noticed finds the child that a notice is about. The peer's SPI is unique under its policy only.
func (sa *SA) noticed(n dataplane.Notice) *Child {
	if n.Direction == dataplane.Outbound {
		return sa.childWhere(func(c *Child) bool { return c.outSPI == n.SPI && c.policy == n.Policy && c.sending })
	}
	c := sa.childIn(n.SPI)
	if c != nil && c.unconfirmed {
		sa.confirmChild(c) // the peer sends with it
	}
	return c
}

// heardESP follows the peer to where its ESP packets come from, as heard does for IKE (RFC 7296, Section 2.23).
func (sa *SA) heardESP(path dataplane.Path) {
	sa.lastHeard = sa.now
	if sa.follows(path) && sa.state.authenticated() {
		sa.move(path)
	}
}

// complain tells the peer about a bad packet (RFC 7296, Section 1.5).
func (sa *SA) complain(n *wire.Notify) {
	last := sa.exchanges.lastNotice
	if sa.state != StateEstablished || !last.IsZero() && sa.now.Sub(last) < noticeInterval {
		return
	}
	sa.exchanges.lastNotice = sa.now
	sa.enqueue(&informTask{[]wire.Payload{n}})
}

// installFailed handles that the data plane refused a child: it is deleted on both sides.
func (sa *SA) installFailed(ev InstallFailed) {
	c := sa.childIn(ev.SPI)
	if c == nil || c.state == childLingering {
		return
	}
	sa.deleteChild(c, refuse(explain.IKEDataPlane, 0, "data plane refuses child %q: %w", c.config.Name, ev.Err))
}
