package probe

import (
	"slices"

	"culvert/suite"
	"culvert/wire"
)

// takes asks whether a peer accepts an offer: it does if it wants a key exchange of it.
func (s *session) takes(o *offer) (wire.TransformID, Accepted) {
	q, err := newQuestion(o)
	if err != nil {
		return 0, Unknown
	}
	e, err := s.ask(s.path, q, false)
	if err != nil {
		return 0, Unknown
	}
	if g, ok := wantedGroup(e.message); ok {
		return g, Yes
	}
	if _, ok := chosen(e.message); ok {
		return 0, Yes
	}
	if refusal(e.message) == wire.NotifyNoProposalChosen.String() {
		return 0, No
	}
	return 0, Unknown
}

// walkGroups takes the group that the peer wants out of the offer, again and again, until it wants none: they come in the order of
// its preference.
func (s *session) walkGroups() {
	o := everything()
	for len(o.ke) > 0 {
		s.progress("key exchanges")
		g, accepted := s.takes(&o)
		i := slices.IndexFunc(o.ke, func(t wire.Transform) bool { return t.ID == g })
		if accepted == Yes && i >= 0 {
			s.report.Groups = append(s.report.Groups, algorithm(o.ke[i], Yes))
			o.ke = slices.Delete(o.ke, i, i+1)
			continue
		}
		rest := No
		if accepted != No {
			rest = Unknown // it wants what was not offered, or says nothing
		}
		for _, t := range o.ke {
			s.report.Groups = append(s.report.Groups, algorithm(t, rest))
		}
		return
	}
}

func algorithm(t wire.Transform, a Accepted) Algorithm {
	return Algorithm{name(t), a, suite.Weakness(t) != ""}
}

// algorithms asks for each algorithm by itself.
func (s *session) algorithms(base *offer) {
	s.report.Encryption = s.each(base, base.encr, func(o *offer, t []wire.Transform) { o.encr = t })
	s.report.PRF = s.each(base, base.prf, func(o *offer, t []wire.Transform) { o.prf = t })
	separate := filtered(accepted(base.encr, s.report.Encryption), func(t wire.Transform) bool { return !isCombined(t) })
	if len(separate) > 0 {
		with := *base
		with.encr = separate
		s.report.Integrity = s.each(&with, base.integ, func(o *offer, t []wire.Transform) { o.integ = t })
	}
	s.report.Additional = s.each(base, additional(), func(o *offer, t []wire.Transform) { o.additional = t })
}

// accepted are those of a list that were found to be.
func accepted(list []wire.Transform, found []Algorithm) []wire.Transform {
	return filtered(list, func(t wire.Transform) bool { return slices.Contains(found, algorithm(t, Yes)) })
}

// each asks for the members of a list, one after the other, with the rest of the offer as it is.
func (s *session) each(base *offer, list []wire.Transform, set func(*offer, []wire.Transform)) []Algorithm {
	var found []Algorithm
	for _, t := range list {
		s.progress("%s", name(t))
		o := *base
		set(&o, []wire.Transform{t})
		_, a := s.takes(&o)
		found = append(found, algorithm(t, a))
	}
	return found
}
