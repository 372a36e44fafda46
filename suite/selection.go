package suite

import (
	"bytes"
	"slices"

	"culvert/wire"
)

// A Selection is one suite out of a negotiation: exactly one transform of each type that the chosen proposal contains, with
// the number and the SPI of that proposal (RFC 7296, Section 3.3.6). It owns its fields.
type Selection struct {
	Proposal wire.Proposal
}

// Get returns the transform of a type; false if the suite has none, which for INTEG and KE means the same as NONE.
func (s Selection) Get(t wire.TransformType) (wire.Transform, bool) {
	i := slices.IndexFunc(s.Proposal.Transforms, func(x wire.Transform) bool { return x.Type == t })
	if i < 0 {
		return wire.Transform{Type: t}, false
	}
	return s.Proposal.Transforms[i], true
}

// String returns the names of the chosen transforms: "AES_GCM_16_256/PRF_HMAC_SHA2_384/CURVE_25519".
func (s Selection) String() string { return joinNames(s.Proposal.Transforms, "/") }

// AllowedBy tells whether Select could have chosen the suite from one of these proposals as well.
func (s Selection) AllowedBy(configured []wire.Proposal) bool {
	return slices.ContainsFunc(configured, s.fits)
}

// fits tells whether the proposal has what was chosen for each type, NONE included, and demands nothing that was not.
func (s Selection) fits(p wire.Proposal) bool {
	if p.Protocol != s.Proposal.Protocol {
		return false
	}
	cipher, _ := s.Get(wire.TransformENCR)
	allowed := func(t wire.Transform) bool {
		return t.Type == wire.TransformINTEG && IsAEAD(cipher) || slices.Contains(p.Transforms, t) || impliesNone(p, t)
	}
	for _, t := range p.Transforms {
		if chosen, _ := s.Get(t.Type); !allowed(chosen) {
			return false
		}
	}
	return !slices.ContainsFunc(s.Proposal.Transforms, func(t wire.Transform) bool { return !allowed(t) })
}

// SelectOptions modify Select.
type SelectOptions struct {
	// IgnoreKE is for the Child SA that an IKE_AUTH exchange creates, which has no key exchange of its own (RFC 7296,
	// Section 1.2).
	IgnoreKE bool
	// NoAdditional is for peers that have not both announced IKE_INTERMEDIATE: a proposal with additional key exchanges
	// is passed over like one with unknown transform types (RFC 9370, Section 2.2.1), and where we demand one there is no
	// agreement.
	NoAdditional bool
	// PreferPeer follows the peer's order of proposals and transforms instead of ours.
	PreferPeer bool
}

// Select chooses a suite from what the peer offered and our configuration allows (RFC 7296, Sections 2.7 and 3.3). The
// lists hold alternatives in order of preference; key lengths must be the same on both sides. A transform with an attribute
// nobody understands cannot be chosen; a proposal with a transform type nobody understands, or without one that is
// mandatory, is passed over (Section 3.3.6). No key exchange method is chosen twice (RFC 9370, Section 2.2.1). If nothing can be chosen, the error is a *Refusal.
func Select(offered, configured []wire.Proposal, opt SelectOptions) (Selection, error) {
	refusal := newRefusal(configured)
	first, second := configured, offered
	if opt.PreferPeer {
		first, second = offered, configured
	}
	for _, a := range first {
		for _, b := range second {
			m := match{offered: b, configured: a, opt: opt}
			if opt.PreferPeer {
				m.offered, m.configured = a, b
			}
			if m.offered.Protocol != m.configured.Protocol {
				continue
			}
			chosen, failed, ok := m.run()
			if ok {
				p := wire.Proposal{Number: m.offered.Number, Protocol: m.offered.Protocol, SPI: bytes.Clone(m.offered.SPI), Transforms: chosen}
				return Selection{Proposal: p}, nil
			}
			refusal.add(m, failed)
		}
	}
	return Selection{}, refusal
}

// transformTypes lists the transform types of a protocol in the order in which they are compared (RFC 7296, Section 3.3.3).
func transformTypes(protocol wire.ProtocolID) []wire.TransformType {
	switch protocol {
	case wire.ProtocolIKE:
		return slices.Concat([]wire.TransformType{wire.TransformENCR, wire.TransformPRF, wire.TransformINTEG}, exchangeTypes())
	case wire.ProtocolESP:
		return slices.Concat([]wire.TransformType{wire.TransformENCR, wire.TransformINTEG}, exchangeTypes(), []wire.TransformType{wire.TransformSN})
	}
	return nil
}

// isOptional reports whether a type may be left out of a proposal, which then means NONE. Integrity is optional as far as
// the cipher does without (RFC 7296, Section 3.3.3).
func isOptional(protocol wire.ProtocolID, t wire.TransformType) bool {
	return t == wire.TransformINTEG || isAdditional(t) || t == wire.TransformKE && protocol != wire.ProtocolIKE
}

// transformsOf returns the alternatives that a proposal has for a type.
func transformsOf(p wire.Proposal, t wire.TransformType) []wire.Transform {
	var list []wire.Transform
	for _, x := range p.Transforms {
		if x.Type == t {
			list = append(list, x)
		}
	}
	return list
}

// names reports whether a proposal has alternatives for a type.
func names(p wire.Proposal, t wire.TransformType) bool {
	return slices.ContainsFunc(p.Transforms, func(x wire.Transform) bool { return x.Type == t })
}

// A match compares one offered with one configured proposal of the same protocol.
type match struct {
	offered, configured wire.Proposal
	opt                 SelectOptions
}

// run returns the chosen transforms, or the first type that has nothing in common.
func (m match) run() (chosen []wire.Transform, failed wire.TransformType, ok bool) {
	types := transformTypes(m.offered.Protocol)
	for _, t := range m.offered.Transforms {
		if !slices.Contains(types, t.Type) || m.opt.NoAdditional && isAdditional(t.Type) {
			return nil, t.Type, false
		}
	}
	cipher, mac, unprotected := m.protection()
	exchanges, unexchanged := m.exchanges()
	for _, t := range types {
		var x wire.Transform
		ok := t != unprotected && t != unexchanged
		switch {
		case t == wire.TransformENCR:
			x = cipher
		case t == wire.TransformINTEG:
			x = mac
		case isExchange(t):
			x = exchanges.of(t)
		default:
			x, ok = m.pick(m.alternatives(m.offered, t), m.alternatives(m.configured, t))
		}
		if !ok {
			return nil, t, false
		}
		if slices.Contains(m.offered.Transforms, x) {
			chosen = append(chosen, x)
		}
	}
	return chosen, 0, len(chosen) > 0
}

// protection chooses cipher and integrity together: a combined-mode cipher goes with NONE, any other one with a real
// integrity algorithm (RFC 5282, Section 8; RFC 8221, Section 4). failed is the type that has nothing in common.
func (m match) protection() (cipher, mac wire.Transform, failed wire.TransformType) {
	failed = wire.TransformENCR
	none := integID(wire.IntegNone)
	isNone := func(t wire.Transform) bool { return t == none }
	offered := m.alternatives(m.offered, wire.TransformINTEG)
	real := slices.DeleteFunc(slices.Clone(offered), isNone)
	allowed := slices.DeleteFunc(m.alternatives(m.configured, wire.TransformINTEG), isNone)
	for _, cipher := range m.common(transformsOf(m.offered, failed), transformsOf(m.configured, failed)) {
		if IsAEAD(cipher) && slices.Contains(offered, none) {
			return cipher, none, 0
		}
		if mac, ok := m.pick(real, allowed); ok && !IsAEAD(cipher) {
			return cipher, mac, 0
		}
		failed = wire.TransformINTEG
	}
	return cipher, mac, failed
}

// alternatives returns what a proposal has for a type; NONE if it has nothing and the type is optional.
func (m match) alternatives(p wire.Proposal, t wire.TransformType) []wire.Transform {
	list := transformsOf(p, t)
	if len(list) == 0 && isOptional(p.Protocol, t) {
		list = append(list, wire.Transform{Type: t})
	}
	return list
}

// common returns what both sides have, in the order of the side that is preferred.
func (m match) common(offered, configured []wire.Transform) []wire.Transform {
	first, second := configured, offered
	if m.opt.PreferPeer {
		first, second = offered, configured
	}
	var both []wire.Transform
	for _, t := range first {
		if slices.Contains(second, t) { // which a transform with an unknown attribute of the peer's never is
			both = append(both, t)
		}
	}
	return both
}

// pick returns the first that both sides have.
func (m match) pick(offered, configured []wire.Transform) (wire.Transform, bool) {
	both := m.common(offered, configured)
	if len(both) == 0 {
		return wire.Transform{}, false
	}
	return both[0], true
}
