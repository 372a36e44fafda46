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

// Weakness says why an algorithm should not be used any more (RFC 8247, Sections 2.1 to 2.4), or "".
func Weakness(t wire.Transform) string {
	switch t {
	case encrID(wire.Encr3DES, 0):
		return "has blocks of 64 bits (RFC 8247, Section 2.1)"
	case prfID(wire.PRFHMACMD5), integID(wire.IntegHMACMD5_96):
		return "rests on MD5 (RFC 8247, Sections 2.2 and 2.3)"
	case prfID(wire.PRFHMACSHA1):
		return "rests on SHA-1 and is on its way out (RFC 8247, Section 2.2)"
	case integID(wire.IntegHMACSHA1_96):
		return "rests on SHA-1 and is on its way out (RFC 8247, Section 2.3)"
	case keID(wire.KEMODP1024), keID(wire.KEMODP1536):
		return "can be broken with much effort (RFC 8247, Section 2.4)"
	case keID(wire.KEMODP2048S224), keID(wire.KEMODP2048S256):
		return "has small subgroups (RFC 8247, Section 2.4)"
	}
	return ""
}
