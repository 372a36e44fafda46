package ike

import (
	"encoding/binary"
	"fmt"

	"culvert/explain"
	"culvert/wire"
)

// respondInformational answers an INFORMATIONAL request: deletes, errors, news, or nothing, which asks for a sign of life
// (RFC 7296, Sections 1.4 and 2.4). What is not understood is ignored.
func (sa *SA) respondInformational(in *inbound) error {
	if deletesIKE(in.payloads) {
		sa.closedByPeer(in)
		return nil
	}
	var answer []wire.Payload
	for _, p := range in.payloads {
		switch p := p.(type) {
		case *wire.Delete:
			answer = append(answer, sa.deletedByPeer(p)...)
		case *wire.Configuration:
			answer = append(answer, answerConfiguration(p)...)
		}
	}
	final := sa.told(in.payloads)
	sa.reply(in, answer)
	if g := sa.redirectOf(in.payloads); !g.IsZero() {
		sa.redirected(g)
	}
	if final != nil {
		sa.terminate(final)
	}
	return nil
}

// deletesIKE tells whether the IKE SA is deleted, with all its children; other payloads are then of no interest.
func deletesIKE(payloads []wire.Payload) bool {
	for _, p := range payloads {
		if d, ok := p.(*wire.Delete); ok && d.Protocol == wire.ProtocolIKE {
			return true
		}
	}
	return false
}

// told reads what the peer has to say. Only AUTHENTICATION_FAILED, with which an initiator that does not accept our
// authentication ends the IKE SA (RFC 7296, Section 2.21.2), and INVALID_SYNTAX (Section 2.21.3) are final. Errors about
// packets change nothing (RFC 7296, Section 2.21.4), but people hear of them.
func (sa *SA) told(payloads []wire.Payload) *Failure {
	for _, p := range payloads {
		n, ok := p.(*wire.Notify)
		switch {
		case !ok:
		case n.NotifyType == wire.NotifyAuthLifetime:
			sa.renewAuthLifetime(payloads)
		case n.NotifyType == wire.NotifyAuthenticationFailed || n.NotifyType == wire.NotifyInvalidSyntax:
			return refuse(explain.IKEPeerRefused, n.NotifyType, "the peer ended the IKE SA")
		case n.NotifyType.IsError():
			sa.news(News{Kind: NewsFailure, Failure: sa.complaint(n)})
		}
	}
	return nil
}

// complaint explains an error about packets that we have sent.
func (sa *SA) complaint(n *wire.Notify) *Failure {
	if n.NotifyType != wire.NotifyInvalidSPI && n.NotifyType != wire.NotifyInvalidSelectors {
		return refuse(explain.IKEPeerComplaint, n.NotifyType, "the peer complains about what we have sent")
	}
	about := fmt.Sprintf("%x", n.SPI)
	if n.NotifyType == wire.NotifyInvalidSPI && len(n.Data) == 4 {
		about = fmt.Sprintf("%x", n.Data)
		n = &wire.Notify{NotifyType: n.NotifyType, SPI: n.Data}
	}
	name := "no child of this IKE SA"
	if len(n.SPI) == 4 {
		if _, c := sa.family(binary.BigEndian.Uint32(n.SPI)); c != nil {
			name = fmt.Sprintf("child %q", c.config.Name)
		}
	}
	return refuse(explain.IKEPeerComplaint, n.NotifyType, "the peer complains about an ESP packet with SPI %s, %s", about, name)
}

// answerConfiguration answers the Configuration payload of an INFORMATIONAL request: a set is acknowledged without anything
// accepted, and a request for our version gets an empty one (RFC 7296, Sections 2.20 and 3.15.1).
func answerConfiguration(cp *wire.Configuration) []wire.Payload {
	switch cp.ConfigType {
	case wire.ConfigSet:
		return []wire.Payload{&wire.Configuration{ConfigType: wire.ConfigAck}}
	case wire.ConfigRequest:
		reply := &wire.Configuration{ConfigType: wire.ConfigReply}
		for _, a := range cp.Attributes {
			if a.Type == wire.AttrApplicationVersion {
				reply.Attributes = append(reply.Attributes, wire.Attribute{Type: a.Type})
				break
			}
		}
		return []wire.Payload{reply}
	}
	return nil
}
