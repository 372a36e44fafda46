package suite

import (
	"slices"

	"culvert/wire"
)

// PostQuantum says what a connection wants of key exchanges that withstand quantum computers.
type PostQuantum uint8

// The zero value offers such a key exchange and goes without it where the peer has none.
const (
	PostQuantumPrefer PostQuantum = iota
	PostQuantumRequire
	PostQuantumOff
)

// String returns the word of the configuration: "prefer", "require", "off".
func (m PostQuantum) String() string {
	switch m {
	case PostQuantumRequire:
		return "require"
	case PostQuantumOff:
		return "off"
	}
	return "prefer"
}

// IsPostQuantum reports whether a key exchange method is believed to withstand quantum computers.
func IsPostQuantum(method wire.TransformID) bool {
	switch method {
	case wire.KEMLKEM512, wire.KEMLKEM768, wire.KEMLKEM1024, wire.KEFrodoKEM640SHAKE:
		return true
	}
	return false
}

// PostQuantum returns the methods of the selection's key exchanges that withstand quantum computers, in their order.
func (s Selection) PostQuantum() []wire.TransformID {
	first, _ := s.Get(wire.TransformKE)
	methods := append([]wire.TransformID{first.ID}, s.Additional()...)
	return slices.DeleteFunc(methods, func(id wire.TransformID) bool { return !IsPostQuantum(id) })
}

// WithPostQuantum returns the proposals that a mode makes of those configured, numbered from 1.
//
// Prefer puts before them the same proposals with ML-KEM-768 as an additional key exchange, in the first type that is free:
// a peer that does not know the type passes these over and sees what it would have seen without (RFC 9370, Section 2.2.1).
// Require has those alone. A proposal that names such a method itself is kept as it is; Require takes from it what allows to
// do without. One for a Child SA without key exchange of its own is kept too: its keys come from those of the IKE SA. Off
// adds nothing.
func WithPostQuantum(configured []wire.Proposal, mode PostQuantum) []wire.Proposal {
	var with, without []wire.Proposal
	for _, p := range configured {
		switch {
		case mode == PostQuantumOff || namesPostQuantum(p) && mode == PostQuantumPrefer:
			with = append(with, p)
		case namesPostQuantum(p):
			with = append(with, assured(p))
		default:
			with = append(with, hybrid(p)...)
			without = append(without, p)
		}
	}
	if mode == PostQuantumPrefer {
		with = append(with, without...)
	} else if mode == PostQuantumRequire {
		with = append(with, unexchanged(without)...)
	}
	return numbered(with[:min(len(with), maxProposals)])
}

// maxProposals is how many proposals have a number of their own (RFC 7296, Section 3.3.1).
const maxProposals = 255

// namesPostQuantum reports whether a proposal has a method that withstands quantum computers.
func namesPostQuantum(p wire.Proposal) bool {
	return slices.ContainsFunc(p.Transforms, func(t wire.Transform) bool { return isExchange(t.Type) && IsPostQuantum(t.ID) })
}

// assured takes from a proposal that names methods that withstand quantum computers what allows to do without any: the
// alternatives to them in their first additional key exchange, or in the first of all if they are named for that alone.
// Nothing, if some key exchange has no other methods.
func assured(p wire.Proposal) wire.Proposal {
	var assuring wire.TransformType
	for _, typ := range exchangeTypes() {
		methods := transformsOf(p, typ)
		switch resistant := countPostQuantum(methods); {
		case resistant > 0 && resistant == len(methods):
			return p
		case resistant > 0 && (assuring == 0 || assuring == wire.TransformKE):
			assuring = typ
		}
	}
	p.Transforms = slices.DeleteFunc(slices.Clone(p.Transforms), func(t wire.Transform) bool {
		return t.Type == assuring && !IsPostQuantum(t.ID)
	})
	return p
}

func countPostQuantum(methods []wire.Transform) (n int) {
	for _, t := range methods {
		if IsPostQuantum(t.ID) {
			n++
		}
	}
	return n
}

// hybrid returns a proposal with ML-KEM-768 in addition, or none if it has no key exchange to add to or no type is free.
func hybrid(p wire.Proposal) []wire.Proposal {
	types := exchangeTypes()
	free := slices.IndexFunc(types, func(t wire.TransformType) bool { return len(transformsOf(p, t)) == 0 })
	transforms := slices.DeleteFunc(slices.Clone(p.Transforms), func(t wire.Transform) bool { return t == keID(wire.KENone) })
	at := slices.IndexFunc(transforms, func(t wire.Transform) bool { return t.Type == wire.TransformKE })
	if free < 0 || at < 0 {
		return nil
	}
	for at < len(transforms) && isExchange(transforms[at].Type) && transforms[at].Type < types[free] {
		at++
	}
	p.Transforms = slices.Insert(transforms, at, wire.Transform{Type: types[free], ID: wire.KEMLKEM768})
	return []wire.Proposal{p}
}

// unexchanged returns what is left of proposals of Child SAs that allow to go without a key exchange, as such.
func unexchanged(proposals []wire.Proposal) []wire.Proposal {
	var left []wire.Proposal
	for _, p := range proposals {
		ke := transformsOf(p, wire.TransformKE)
		if isOptional(p.Protocol, wire.TransformKE) && (len(ke) == 0 || slices.Contains(ke, keID(wire.KENone))) {
			left = append(left, WithoutKE([]wire.Proposal{p})...)
		}
	}
	return left
}
