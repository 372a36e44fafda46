package suite

import (
	"fmt"
	"slices"

	"culvert/wire"
)

// completeProposal orders the transforms by type, adds what is implied, and checks that the whole can work; otherwise it
// returns the reason.
func completeProposal(protocol wire.ProtocolID, parsed []wire.Transform) (wire.Proposal, string) {
	by := make(map[wire.TransformType][]wire.Transform)
	for _, t := range parsed {
		by[t.Type] = append(by[t.Type], t)
	}
	aeads, reason := countAEADs(by[wire.TransformENCR])
	if reason != "" {
		return wire.Proposal{}, reason
	}
	switch protocol {
	case wire.ProtocolIKE:
		reason = completeIKE(by)
	case wire.ProtocolESP:
		completeESP(by)
	default:
		reason = fmt.Sprintf("no proposals for protocol %s", protocol)
	}
	if reason != "" {
		return wire.Proposal{}, reason
	}
	if reason := completeAdditional(by); reason != "" {
		return wire.Proposal{}, reason
	}
	if aeads > 0 {
		delete(by, wire.TransformINTEG) // (RFC 7296, Section 2.7); it may have named the PRF
	} else if len(by[wire.TransformINTEG]) == 0 {
		return wire.Proposal{}, "encryption without an integrity algorithm (RFC 8221, Section 4)"
	}
	p := wire.Proposal{Protocol: protocol}
	for _, typ := range transformTypes(protocol) {
		p.Transforms = append(p.Transforms, by[typ]...)
	}
	return p, ""
}

// countAEADs counts the combined-mode ciphers, which do not go with others in one proposal (RFC 7296, Section 2.7).
func countAEADs(ciphers []wire.Transform) (int, string) {
	aeads := 0
	for _, t := range ciphers {
		if IsAEAD(t) {
			aeads++
		}
	}
	switch {
	case len(ciphers) == 0:
		return 0, "no encryption algorithm"
	case aeads > 0 && aeads < len(ciphers):
		return 0, "combined-mode and other ciphers need proposals of their own (RFC 7296, Section 2.7)"
	}
	return aeads, ""
}

func completeIKE(by map[wire.TransformType][]wire.Transform) string {
	if len(by[wire.TransformPRF]) == 0 {
		by[wire.TransformPRF] = impliedPRFs(by[wire.TransformINTEG])
	}
	switch {
	case len(by[wire.TransformPRF]) == 0:
		return "no PRF and no integrity algorithm to derive one from"
	case len(by[wire.TransformKE]) == 0:
		return "no key exchange"
	}
	return ""
}

func completeESP(by map[wire.TransformType][]wire.Transform) {
	delete(by, wire.TransformPRF)
	if len(by[wire.TransformSN]) == 0 {
		by[wire.TransformSN] = []wire.Transform{snID(wire.SN32)}
	}
	if slices.Equal(by[wire.TransformKE], []wire.Transform{keID(wire.KENone)}) {
		delete(by, wire.TransformKE) // (RFC 7296, Section 3.3.3): NONE alone is left out
	}
}

// impliedPRFs returns the PRFs that go with integrity algorithms.
func impliedPRFs(integs []wire.Transform) []wire.Transform {
	var prfs []wire.Transform
	for _, t := range integs {
		switch t.ID {
		case wire.IntegHMACSHA1_96:
			prfs = append(prfs, prfID(wire.PRFHMACSHA1))
		case wire.IntegHMACSHA256_128:
			prfs = append(prfs, prfID(wire.PRFHMACSHA256))
		case wire.IntegHMACSHA384_192:
			prfs = append(prfs, prfID(wire.PRFHMACSHA384))
		case wire.IntegHMACSHA512_256:
			prfs = append(prfs, prfID(wire.PRFHMACSHA512))
		case wire.IntegAESXCBC96:
			prfs = append(prfs, prfID(wire.PRFAES128XCBC))
		case wire.IntegAESCMAC96:
			prfs = append(prfs, prfID(wire.PRFAES128CMAC))
		}
	}
	return prfs
}
