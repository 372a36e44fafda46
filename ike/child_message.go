package ike

import (
	"encoding/binary"
	"slices"

	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// minSPI is the lowest SPI that an SA may have; those below are reserved (RFC 4303, Section 2.1).
const minSPI = 256

// A childMessage is what a message says about a Child SA to be made: a CREATE_CHILD_SA request or response, or its part of
// an IKE_AUTH message (RFC 7296, Sections 1.2 and 1.3.1).
type childMessage struct {
	proposals []wire.Proposal // of ESP, each with the sender's SPI
	tsi, tsr  []spd.Selector
	nonce     []byte        // none in IKE_AUTH
	ke        *wire.KE      // none without key exchange
	transport bool          // USE_TRANSPORT_MODE
	noTFC     bool          // ESP_TFC_PADDING_NOT_SUPPORTED
	fragments bool          // NON_FIRST_FRAGMENTS_ALSO
	aggFrag   *requirements // USE_AGGFRAG; nil: none
	moreTS    bool          // ADDITIONAL_TS_POSSIBLE
	// perResource is SA_RESOURCE_INFO. It has no data: our SPI tells such Child SAs apart (RFC 9611, Sections 3 and 7).
	perResource bool
	link        []byte // ADDITIONAL_KEY_EXCHANGE; nil: no IKE_FOLLOWUP_KE exchange follows
}

// childMessageOf reads payloads. Proposals for other protocols than ESP and with reserved SPIs are left out, as are
// IPCOMP_SUPPORTED offers, which a responder that says nothing to them refuses (RFC 7296, Section 2.22). Nothing in the
// result aliases the message but ke.
func childMessageOf(payloads []wire.Payload) childMessage {
	m := childMessage{tsi: selectorsOf(payloads, wire.PayloadTSi), tsr: selectorsOf(payloads, wire.PayloadTSr)}
	if offer, ok := wire.Find[*wire.SA](payloads); ok {
		for _, p := range offer.Proposals {
			if spi, ok := proposalSPI(p); ok && spi >= minSPI {
				p.SPI = slices.Clone(p.SPI)
				m.proposals = append(m.proposals, p)
			}
		}
	}
	if nonce, ok := wire.Find[*wire.Nonce](payloads); ok {
		m.nonce = slices.Clone(nonce.Data)
	}
	m.ke, _ = wire.Find[*wire.KE](payloads)
	_, m.transport = wire.FindNotify(payloads, wire.NotifyUseTransportMode)
	_, m.noTFC = wire.FindNotify(payloads, wire.NotifyESPTFCPaddingNotSupported)
	_, m.fragments = wire.FindNotify(payloads, wire.NotifyNonFirstFragmentsAlso)
	_, m.moreTS = wire.FindNotify(payloads, wire.NotifyAdditionalTSPossible)
	m.aggFrag = aggFragOf(payloads, m.transport)
	_, m.perResource = wire.FindNotify(payloads, wire.NotifySAResourceInfo)
	m.link = linkOf(payloads)
	return m
}

// proposalSPI returns the SPI of a proposal for ESP.
func proposalSPI(p wire.Proposal) (uint32, bool) {
	if p.Protocol != wire.ProtocolESP || len(p.SPI) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(p.SPI), true
}

// payloads returns the message in the order of RFC 7296, Section 1.3.1 and Appendix C.
func (m childMessage) payloads() []wire.Payload {
	var out []wire.Payload
	flag := func(on bool, t wire.NotifyType) {
		if on {
			out = append(out, &wire.Notify{NotifyType: t})
		}
	}
	flag(m.transport, wire.NotifyUseTransportMode)
	flag(m.noTFC, wire.NotifyESPTFCPaddingNotSupported)
	flag(m.fragments, wire.NotifyNonFirstFragmentsAlso)
	if m.aggFrag != nil {
		out = append(out, m.aggFrag.notify())
	}
	out = append(out, &wire.SA{Proposals: m.proposals})
	if m.nonce != nil {
		out = append(out, &wire.Nonce{Data: m.nonce})
	}
	if m.ke != nil {
		out = append(out, m.ke)
	}
	out = append(out, tsPayload(wire.PayloadTSi, m.tsi), tsPayload(wire.PayloadTSr, m.tsr))
	flag(m.moreTS, wire.NotifyAdditionalTSPossible)
	flag(m.perResource, wire.NotifySAResourceInfo)
	if m.link != nil {
		out = append(out, linkNotify(m.link))
	}
	return out
}

// espOffer numbers proposals and gives them our SPI. Without key exchange, as in IKE_AUTH, its transforms are left out
// (RFC 7296, Section 1.2).
func espOffer(configured []wire.Proposal, spi uint32, keyExchange bool) []wire.Proposal {
	if !keyExchange {
		configured = suite.WithoutKE(configured)
	}
	octets := binary.BigEndian.AppendUint32(nil, spi)
	var out []wire.Proposal
	for _, p := range configured {
		p.SPI = octets
		same := func(o wire.Proposal) bool { return slices.Equal(o.Transforms, p.Transforms) }
		if slices.ContainsFunc(out, same) {
			continue // different in the key exchange only
		}
		p.Number = uint8(len(out) + 1)
		out = append(out, p)
	}
	return out
}

// offersKE tells whether a key exchange method is among the proposals.
func offersKE(proposals []wire.Proposal, method wire.TransformID) bool {
	want := func(t wire.Transform) bool { return t.Type == wire.TransformKE && t.ID == method }
	return slices.ContainsFunc(proposals, func(p wire.Proposal) bool { return slices.ContainsFunc(p.Transforms, want) })
}

// firstKE returns the key exchange method that an offer leads with, or KENone.
func firstKE(proposals []wire.Proposal) wire.TransformID {
	if list := methodsOf(proposals); len(list) > 0 {
		return list[0]
	}
	return wire.KENone
}
