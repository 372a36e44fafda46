package suite

import (
	"slices"

	"culvert/wire"
)

// NotWeaker returns what of proposals makes an IKE SA that has as much in the way of key exchanges as one with the selection
// now, which it is to replace: each additional key exchange of that takes place again, by one of the methods proposed, and
// one withstands quantum computers if one did. Without any such proposal all are returned: the policy has changed.
func NotWeaker(proposals []wire.Proposal, now Selection) []wire.Proposal {
	var kept []wire.Proposal
	for _, p := range proposals {
		for _, typ := range exchangeTypes() {
			if t, ok := now.Get(typ); ok && t.ID != wire.KENone {
				p = withoutNone(p, typ)
			}
		}
		if len(now.PostQuantum()) > 0 && namesPostQuantum(p) {
			p = assured(p)
		}
		if keeps(p, now) {
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return proposals
	}
	return kept
}

// withoutNone takes from a proposal the permission to leave out a key exchange.
func withoutNone(p wire.Proposal, typ wire.TransformType) wire.Proposal {
	none := wire.Transform{Type: typ, ID: wire.KENone}
	if slices.Contains(p.Transforms, none) {
		p.Transforms = slices.DeleteFunc(slices.Clone(p.Transforms), func(t wire.Transform) bool { return t == none })
	}
	return p
}

// keeps reports whether whatever is chosen of a proposal has the key exchanges of a selection.
func keeps(p wire.Proposal, now Selection) bool {
	for _, t := range now.Proposal.Transforms {
		if isExchange(t.Type) && t.ID != wire.KENone && len(transformsOf(p, t.Type)) == 0 {
			return false
		}
	}
	return len(now.PostQuantum()) == 0 || namesPostQuantum(p)
}
