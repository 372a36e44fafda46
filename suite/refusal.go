package suite

import (
	"fmt"
	"slices"
	"strings"

	"culvert/wire"
)

// A Refusal says why no proposal of the peer can be accepted. The proposals that came nearest to agreement fail at Type;
// Offered and Configured are the alternatives that the two sides have for it there.
type Refusal struct {
	Protocol   wire.ProtocolID    // of our proposals
	Type       wire.TransformType // meaningless if the peer offers nothing for this protocol
	Offered    []wire.Transform   // of many, the first
	Configured []wire.Transform

	noAdditional bool // the peers have not both announced IKE_INTERMEDIATE

	pairs   int // compared, of an offered with one of our proposals
	nearest int // index of the type at which the nearest pair failed; -1 if that is a type we do not know
}

// A peer can offer thousands of algorithms: maxNames bounds those that are printed of one side, maxMerged those that are
// collected from several proposals.
const (
	maxNames  = 16
	maxMerged = 64
)

// Error tells the first thing that differs, with both sides' values: "peer offers key exchange MODP_2048 only; we allow
// CURVE_25519, ECP_256".
func (r *Refusal) Error() string {
	if r.pairs == 0 {
		return fmt.Sprintf("peer offers no %s proposal", r.Protocol)
	}
	if !slices.Contains(transformTypes(r.Protocol), r.Type) {
		return fmt.Sprintf("peer demands %s, a transform type that we do not support for %s", r.Type, r.Protocol)
	}
	text := fmt.Sprintf("peer offers %s; we allow %s", offerText(typeNoun(r.Type), r.Offered), allowText(r.Configured))
	if r.noAdditional && isAdditional(r.Type) {
		text += "; additional key exchanges need IKE_INTERMEDIATE, which was not negotiated (RFC 9370, Section 2.2.1)"
	}
	return text
}

func offerText(noun string, offered []wire.Transform) string {
	switch len(offered) {
	case 0:
		return "no " + noun
	case 1:
		return fmt.Sprintf("%s %s only", noun, TransformName(offered[0]))
	}
	return noun + " " + joinNames(offered, ", ")
}

func allowText(configured []wire.Transform) string {
	if len(configured) == 0 {
		return "none"
	}
	return joinNames(configured, ", ")
}

// typeNoun is what people call a transform type.
func typeNoun(t wire.TransformType) string {
	switch t {
	case wire.TransformENCR:
		return "encryption"
	case wire.TransformINTEG:
		return "integrity"
	case wire.TransformKE:
		return "key exchange"
	case wire.TransformSN:
		return "sequence numbers"
	}
	if isAdditional(t) {
		return fmt.Sprintf("additional key exchange %d", 1+t-wire.TransformADDKE1)
	}
	return t.String()
}

// joinNames writes the names of transforms, of which only the first few when there are many.
func joinNames(list []wire.Transform, separator string) string {
	var names []string
	for _, t := range list[:min(len(list), maxNames)] {
		names = append(names, TransformName(t))
	}
	if more := len(list) - maxNames; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, separator)
}

// newRefusal starts the explanation of a selection that has found nothing yet.
func newRefusal(configured []wire.Proposal) *Refusal {
	r := &Refusal{}
	if len(configured) > 0 {
		r.Protocol = configured[0].Protocol
	}
	return r
}

// add takes note of a pair of proposals that fails at a type. Pairs that agreed on more types replace those that agreed on
// fewer; of equals both sides are shown, unless the sum of two pairs would seem to have something in common.
func (r *Refusal) add(m match, failed wire.TransformType) {
	r.pairs++
	r.noAdditional = m.opt.NoAdditional
	agreed := slices.Index(transformTypes(m.offered.Protocol), failed)
	offered, configured := transformsOf(m.offered, failed), transformsOf(m.configured, failed)
	if r.pairs > 1 && agreed <= r.nearest {
		if failed != r.Type {
			return
		}
		offered, configured = union(r.Offered, offered), union(r.Configured, configured)
		if len(m.common(offered, configured)) > 0 {
			return
		}
	}
	r.Protocol, r.Type, r.nearest = m.offered.Protocol, failed, agreed
	r.Offered, r.Configured = offered, configured
}

// union adds to a what is new in b, up to maxMerged.
func union(a, b []wire.Transform) []wire.Transform {
	for _, t := range b {
		if len(a) < maxMerged && !slices.Contains(a, t) {
			a = append(a, t)
		}
	}
	return a
}
