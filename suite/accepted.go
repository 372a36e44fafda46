package suite

import (
	"fmt"
	"slices"

	"culvert/wire"
)

// An AnswerError says how the peer's choice is inconsistent with what we offered: the exchange must end (RFC 7296,
// Section 3.3.6).
type AnswerError struct {
	Number    uint8          // of the proposal in the answer
	Transform wire.Transform // zero if none is to blame
	Reason    string
}

// Error says what is wrong.
func (e *AnswerError) Error() string {
	if e.Transform == (wire.Transform{}) {
		return fmt.Sprintf("peer's answer to proposal %d %s", e.Number, e.Reason)
	}
	return fmt.Sprintf("peer's answer to proposal %d: %s %s", e.Number, TransformName(e.Transform), e.Reason)
}

// CheckAccepted checks the answer to our proposals: it must have the number and protocol of one of them, and exactly one
// transform of each type in that proposal, out of those offered (RFC 7296, Sections 2.7 and 3.3.6), with no key exchange
// method twice (RFC 9370, Section 2.2.1). NONE may be said or left unsaid. The error is an *AnswerError.
func CheckAccepted(offered []wire.Proposal, accepted wire.Proposal) error {
	i := slices.IndexFunc(offered, func(p wire.Proposal) bool { return p.Number == accepted.Number })
	if i < 0 || offered[i].Protocol != accepted.Protocol {
		return &AnswerError{Number: accepted.Number, Reason: "has a number or protocol that we did not offer"}
	}
	answered := make(map[wire.TransformType]bool)
	for _, t := range accepted.Transforms {
		switch {
		case answered[t.Type]:
			return &AnswerError{accepted.Number, t, "is a second transform of its type"}
		case !slices.Contains(offered[i].Transforms, t) && !impliesNone(offered[i], t):
			return &AnswerError{accepted.Number, t, "was not offered"}
		}
		answered[t.Type] = true
	}
	return checkComplete(offered[i], accepted, answered)
}

// impliesNone reports whether t is NONE for a type that the proposal leaves out, which means the same.
func impliesNone(offered wire.Proposal, t wire.Transform) bool {
	return t == wire.Transform{Type: t.Type} && isOptional(offered.Protocol, t.Type) && !names(offered, t.Type)
}

// checkComplete checks that no type of the offer lacks an answer, and that cipher and integrity fit each other.
func checkComplete(offered, accepted wire.Proposal, answered map[wire.TransformType]bool) error {
	for _, t := range offered.Transforms {
		none := wire.Transform{Type: t.Type}
		if !answered[t.Type] && !(isOptional(offered.Protocol, t.Type) && slices.Contains(offered.Transforms, none)) {
			return &AnswerError{Number: accepted.Number, Reason: "lacks " + typeNoun(t.Type)}
		}
	}
	sel := Selection{Proposal: accepted}
	if err := checkExchanges(sel); err != nil {
		return err
	}
	cipher, _ := sel.Get(wire.TransformENCR)
	mac, _ := sel.Get(wire.TransformINTEG)
	if IsAEAD(cipher) != (mac.ID == wire.IntegNone) {
		return &AnswerError{accepted.Number, cipher, "does not go with integrity " + TransformName(mac)}
	}
	return nil
}
