package suite

import (
	"fmt"
	"slices"
	"strings"

	"culvert/wire"
)

// isAdditional reports whether a transform type is one of Additional Key Exchange 1 to 7 (RFC 9370, Section 2.2.1).
func isAdditional(t wire.TransformType) bool {
	return t >= wire.TransformADDKE1 && t <= wire.TransformADDKE7
}

// isExchange reports whether a transform type negotiates a key exchange, the first or an additional one.
func isExchange(t wire.TransformType) bool { return t == wire.TransformKE || isAdditional(t) }

// exchangeTypes lists the transform types that negotiate key exchanges, in the order in which these take place.
func exchangeTypes() []wire.TransformType {
	return []wire.TransformType{wire.TransformKE, wire.TransformADDKE1, wire.TransformADDKE2, wire.TransformADDKE3,
		wire.TransformADDKE4, wire.TransformADDKE5, wire.TransformADDKE6, wire.TransformADDKE7}
}

// cutAdditional splits a word like "ke1_mlkem768" into its transform type and the word of the method.
func cutAdditional(word string) (typ wire.TransformType, method string, ok bool) {
	for t := wire.TransformADDKE1; t <= wire.TransformADDKE7; t++ {
		if method, ok := strings.CutPrefix(word, additionalPrefix(t)); ok {
			return t, method, true
		}
	}
	return 0, "", false
}

func additionalPrefix(t wire.TransformType) string {
	return fmt.Sprintf("ke%d_", 1+t-wire.TransformADDKE1)
}

// additionalWord returns the word of an additional key exchange; that of NONE ends in "none", as swanctl has it.
func additionalWord(t wire.Transform) string {
	prefix := additionalPrefix(t.Type)
	t.Type = wire.TransformKE
	if t == keID(wire.KENone) {
		return prefix + "none"
	}
	return prefix + transformWord(t)
}

// suggestAdditional returns the word nearest to an unknown method of an additional key exchange.
func suggestAdditional(typ wire.TransformType, method string) string {
	word := suggest(method)
	if t, ok := lookupWord(word); !ok || t.Type != wire.TransformKE {
		return ""
	}
	return additionalPrefix(typ) + word
}

// completeAdditional checks the additional key exchanges of a proposal, and leaves out those that have nothing but NONE.
func completeAdditional(by map[wire.TransformType][]wire.Transform) string {
	var sets [][]wire.Transform
	for _, t := range exchangeTypes() {
		if isAdditional(t) && len(by[t]) == 1 && by[t][0].ID == wire.KENone {
			delete(by, t) // (RFC 9370, Section 2.2.1): left out means the same
		}
		if isAdditional(t) && len(by[t]) > 0 && len(by[wire.TransformKE]) == 0 {
			return "additional key exchanges follow a first one, which is missing"
		}
		if len(by[t]) > 0 {
			sets = append(sets, by[t])
		}
	}
	if _, failed := chooseExchanges(sets); failed >= 0 {
		return "too few key exchange methods: none can be used twice (RFC 9370, Section 2.2.1)"
	}
	return ""
}

// Additional returns the methods of the additional key exchanges that take place, in their order.
func (s Selection) Additional() []wire.TransformID {
	var methods []wire.TransformID
	for _, typ := range exchangeTypes() {
		if t, ok := s.Get(typ); ok && isAdditional(typ) && t.ID != wire.KENone {
			methods = append(methods, t.ID)
		}
	}
	return methods
}

// checkExchanges checks that the peer has chosen no key exchange method twice, and none in addition to nothing (RFC 9370,
// Sections 2.2.1 and 2.2.4).
func checkExchanges(sel Selection) error {
	additional := sel.Additional()
	first, _ := sel.Get(wire.TransformKE)
	if len(additional) > 0 && first.ID == wire.KENone {
		return &AnswerError{Number: sel.Proposal.Number, Reason: "has additional key exchanges without a first one"}
	}
	for i, id := range additional {
		if id == first.ID || slices.Contains(additional[:i], id) {
			return &AnswerError{sel.Proposal.Number, keID(id), "is chosen for two key exchanges"}
		}
	}
	return nil
}
