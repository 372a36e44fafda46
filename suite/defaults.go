package suite

import (
	"slices"

	"culvert/wire"
)

// defaults returns the default proposals of a protocol.
func defaults(protocol wire.ProtocolID) []wire.Proposal {
	if protocol == wire.ProtocolIKE {
		return DefaultIKE()
	}
	return DefaultESP()
}

// DefaultIKE returns the proposals of an IKE SA whose configuration names none: the algorithms that RFC 8247 has at MUST or
// SHOULD for general use and their stronger relatives, best first, combined-mode ciphers in a proposal of their own.
// SHA-1, groups below 2048 bits and what is meant for constrained devices have to be asked for by name.
func DefaultIKE() []wire.Proposal {
	prfs := []wire.Transform{prfID(wire.PRFHMACSHA256), prfID(wire.PRFHMACSHA384), prfID(wire.PRFHMACSHA512)}
	return numbered([]wire.Proposal{
		{Protocol: wire.ProtocolIKE, Transforms: slices.Concat(defaultAEADs(), prfs, defaultKEs())},
		{Protocol: wire.ProtocolIKE, Transforms: slices.Concat(defaultCiphers(), prfs, defaultIntegs(), defaultKEs())},
	})
}

// DefaultESP returns the proposals of a Child SA whose configuration names none (RFC 8221, Sections 5 and 6). A key
// exchange of its own is wanted but not demanded, and so are extended sequence numbers.
func DefaultESP() []wire.Proposal {
	rest := slices.Concat(defaultKEs(), []wire.Transform{keID(wire.KENone), snID(wire.SN64), snID(wire.SN32)})
	return numbered([]wire.Proposal{
		{Protocol: wire.ProtocolESP, Transforms: slices.Concat(defaultAEADs(), rest)},
		{Protocol: wire.ProtocolESP, Transforms: slices.Concat(defaultCiphers(), defaultIntegs(), rest)},
	})
}

func defaultAEADs() []wire.Transform {
	return []wire.Transform{
		encrID(wire.EncrAESGCM16, 256), encrID(wire.EncrAESGCM16, 128), encrID(wire.EncrChaCha20Poly1305, 0),
	}
}

func defaultCiphers() []wire.Transform {
	return []wire.Transform{encrID(wire.EncrAESCBC, 256), encrID(wire.EncrAESCBC, 128)}
}

// defaultIntegs has SHA2-512 before SHA2-256, which some peers cut to 96 bits (RFC 8221, Section 6).
func defaultIntegs() []wire.Transform {
	return []wire.Transform{
		integID(wire.IntegHMACSHA512_256), integID(wire.IntegHMACSHA384_192), integID(wire.IntegHMACSHA256_128),
	}
}

func defaultKEs() []wire.Transform {
	return []wire.Transform{
		keID(wire.KECurve25519), keID(wire.KEECP256), keID(wire.KEECP384), keID(wire.KEECP521), keID(wire.KECurve448),
		keID(wire.KEMODP3072), keID(wire.KEMODP4096), keID(wire.KEMODP2048),
	}
}

// WithoutKE returns copies of proposals without their key exchange transforms, additional ones included, as the SA payload of an IKE_AUTH exchange
// has them (RFC 7296, Section 1.2).
func WithoutKE(proposals []wire.Proposal) []wire.Proposal {
	stripped := slices.Clone(proposals)
	for i, p := range stripped {
		stripped[i].Transforms = slices.DeleteFunc(slices.Clone(p.Transforms), func(t wire.Transform) bool {
			return isExchange(t.Type)
		})
	}
	return stripped
}

// Alike returns copies of proposals with the algorithms of one that was chosen, as further Child SAs for the same traffic
// have them (RFC 9611, Section 3). Key exchanges are free. Proposals that do not allow the algorithms are left out.
func Alike(proposals []wire.Proposal, chosen wire.Proposal) []wire.Proposal {
	same := func(t wire.Transform) bool {
		return isExchange(t.Type) || slices.ContainsFunc(chosen.Transforms, func(c wire.Transform) bool { return c == t })
	}
	var out []wire.Proposal
	for _, p := range proposals {
		p.Transforms = slices.DeleteFunc(slices.Clone(p.Transforms), func(t wire.Transform) bool { return !same(t) })
		missing := func(c wire.Transform) bool { return !isExchange(c.Type) && !slices.Contains(p.Transforms, c) }
		if !slices.ContainsFunc(chosen.Transforms, missing) {
			out = append(out, p)
		}
	}
	return out
}
