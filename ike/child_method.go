package ike

import (
	"slices"

	"culvert/wire"
)

// methods are the key exchange methods that are offered, in the order in which they are tried: first what the peer is known to take.
// That is what the child to be replaced has, or what the IKE SA has if the peer could have had the first for that and chose another.
// A wrong guess costs more than a round trip: Libreswan 4 calls the public value of another method than its own INVALID_SYNTAX, and
// not INVALID_KE_PAYLOAD (RFC 7296, Section 1.3).
func (t *createChild) methods(sa *SA) []wire.TransformID {
	offer := t.proposals()
	list := methodsOf(offer)
	if len(list) > 1 && offersKE(sa.conn.Proposals, list[0]) {
		list = slices.Insert(list, 0, methodOf(sa.suite))
	}
	if t.old != nil {
		list = slices.Insert(list, 0, methodOf(t.old.suite))
	}
	var out []wire.TransformID
	for _, m := range list {
		if m != wire.KENone && offersKE(offer, m) && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// methodsOf lists the key exchange methods of an offer in its order.
func methodsOf(proposals []wire.Proposal) (list []wire.TransformID) {
	for _, p := range proposals {
		for _, t := range p.Transforms {
			if t.Type == wire.TransformKE && t.ID != wire.KENone {
				list = append(list, t.ID)
			}
		}
	}
	return list
}

// untried is the next of the methods that has not been tried, or KENone.
func (t *createChild) untried(sa *SA) wire.TransformID {
	for _, m := range t.methods(sa) {
		if !slices.Contains(t.tried, m) {
			return m
		}
	}
	return wire.KENone
}
