package probe

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/binary"
	"net/netip"
	"slices"

	"culvert/dataplane"
	"culvert/suite"
	"culvert/wire"
)

// decoy is a key exchange method of the private range that no peer has.
const decoy wire.TransformID = 0xFDE7

// A question is one IKE_SA_INIT request.
type question struct {
	spi      wire.SPI
	payloads []wire.Payload
	cookie   *wire.Notify
}

func (q *question) encode() []byte {
	m := &wire.Message{Header: wire.Header{InitiatorSPI: q.spi, Version: 0x20, Exchange: wire.ExchangeSAInit, Flags: wire.FlagInitiator}, Payloads: q.payloads}
	if q.cookie != nil {
		m.Payloads = append([]wire.Payload{q.cookie}, q.payloads...) // first of all (RFC 7296, Section 2.6)
	}
	return m.Append(nil)
}

// An offer is what a question proposes.
type offer struct {
	encr, prf, integ, ke []wire.Transform
	additional           []wire.Transform
}

// proposals puts combined-mode ciphers into a proposal of their own (RFC 7296, Section 3.3).
func (o *offer) proposals(decoyed bool) []wire.Proposal {
	groups := o.ke
	if decoyed {
		groups = append(slices.Clone(o.ke), wire.Transform{Type: wire.TransformKE, ID: decoy})
	}
	var list []wire.Proposal
	add := func(parts ...[]wire.Transform) {
		p := wire.Proposal{Number: uint8(len(list) + 1), Protocol: wire.ProtocolIKE, Transforms: slices.Concat(parts...)}
		list = append(list, p)
	}
	if combined := filtered(o.encr, isCombined); len(combined) > 0 {
		add(combined, o.prf, groups, o.additional)
	}
	if separate := filtered(o.encr, func(t wire.Transform) bool { return !isCombined(t) }); len(separate) > 0 {
		add(separate, o.prf, o.integ, groups, o.additional)
	}
	return list
}

func filtered(list []wire.Transform, want func(wire.Transform) bool) []wire.Transform {
	return slices.DeleteFunc(slices.Clone(list), func(t wire.Transform) bool { return !want(t) })
}

// newQuestion asks for an offer with the decoy's key exchange data.
func newQuestion(o *offer) (*question, error) {
	return build(o.proposals(true), &wire.KE{Method: decoy, Data: random(32)})
}

// genuine is a question that a peer can answer with an IKE SA. The secret of its key exchange is thrown away.
func genuine(o *offer, method wire.TransformID, p dataplane.Path) (*question, error) {
	ke, err := suite.NewKeyExchange(method, rand.Reader)
	if err != nil {
		return nil, err
	}
	defer ke.Clear()
	q, err := build(o.proposals(false), &wire.KE{Method: method, Data: ke.Public()})
	if err != nil {
		return nil, err
	}
	q.payloads = append(q.payloads, detection(wire.NotifyNATDetectionSourceIP, q.spi, 0, p.Local), detection(wire.NotifyNATDetectionDestinationIP, q.spi, 0, p.Remote))
	return q, nil
}

func build(proposals []wire.Proposal, ke *wire.KE) (*question, error) {
	q := &question{spi: wire.SPI(binary.BigEndian.Uint64(random(8)) | 1)}
	q.payloads = []wire.Payload{&wire.SA{Proposals: proposals}, ke, &wire.Nonce{Data: random(32)}}
	for _, t := range []wire.NotifyType{
		wire.NotifyIKEv2FragmentationSupported, wire.NotifyIntermediateExchangeSupported, wire.NotifyRedirectSupported,
		wire.NotifyUsePPK, wire.NotifyUsePPKInt, wire.NotifyChildlessIKEv2Supported, wire.NotifyFullTranscriptAuth,
	} {
		q.payloads = append(q.payloads, &wire.Notify{NotifyType: t})
	}
	q.payloads = append(q.payloads, &wire.Notify{NotifyType: wire.NotifySignatureHashAlgorithms, Data: hashes()})
	return q, nil
}

// hashes are those that we would take in signatures.
func hashes() []byte {
	var b []byte
	for _, h := range suite.SignatureHashes() {
		b = binary.BigEndian.AppendUint16(b, uint16(h))
	}
	return b
}

// pad fills a question so that its datagram has a number of octets, if it can.
func (q *question) pad(octets int) {
	const header = 8 // of a Notify payload
	n := octets - len(q.encode()) - header
	if n >= 0 {
		q.payloads = append(q.payloads, &wire.Notify{NotifyType: wire.NotifyPadding, Data: make([]byte, n)})
	}
}

// detection hashes an address as both ends do (RFC 7296, Section 2.23).
func detection(t wire.NotifyType, i, r wire.SPI, at netip.AddrPort) *wire.Notify {
	b := binary.BigEndian.AppendUint64(nil, uint64(i))
	b = binary.BigEndian.AppendUint64(b, uint64(r))
	b = append(b, at.Addr().AsSlice()...)
	sum := sha1.Sum(binary.BigEndian.AppendUint16(b, at.Port()))
	return &wire.Notify{NotifyType: t, Data: sum[:]}
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it does not fail
	return b
}
