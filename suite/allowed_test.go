package suite

import (
	"math/rand/v2"
	"slices"
	"testing"

	"culvert/wire"
)

// AllowedBy says of a suite what Select says when nothing but the suite is offered.
func TestAllowedByIsWhatSelectWouldDo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	allowed, refused := 0, 0
	for _, protocol := range []wire.ProtocolID{wire.ProtocolIKE, wire.ProtocolESP} {
		for range 20_000 {
			sel, err := Select([]wire.Proposal{anyProposal(r, protocol)}, []wire.Proposal{anyProposal(r, protocol)}, SelectOptions{})
			if err != nil {
				continue
			}
			configured := []wire.Proposal{anyProposal(r, protocol), anyProposal(r, protocol)}
			_, err = Select([]wire.Proposal{sel.Proposal}, configured, SelectOptions{})
			if got := sel.AllowedBy(configured); got != (err == nil) {
				t.Fatalf("%v by %v: got %v, Select says %v", sel, configured, got, err)
			}
			if err == nil {
				allowed++
			} else {
				refused++
			}
		}
	}
	if allowed < 1000 || refused < 1000 {
		t.Errorf("%d suites were allowed and %d refused: too few of one kind", allowed, refused)
	}
}

// anyProposal returns a proposal, sensible or not, of few algorithms, so that two of them often have some in common.
func anyProposal(r *rand.Rand, protocol wire.ProtocolID) wire.Proposal {
	choices := []wire.Transform{
		encrID(wire.EncrAESCBC, 128), encrID(wire.EncrAESGCM16, 128), integID(wire.IntegNone), integID(wire.IntegHMACSHA256_128),
		keID(wire.KENone), keID(wire.KECurve25519), {Type: wire.TransformADDKE1}, {Type: wire.TransformADDKE1, ID: wire.KEECP256},
	}
	fixed := prfID(wire.PRFHMACSHA256)
	if protocol == wire.ProtocolESP {
		fixed = snID(wire.SN32)
	}
	p := wire.Proposal{Protocol: protocol, Transforms: []wire.Transform{fixed}}
	for _, t := range choices {
		if r.IntN(2) == 0 {
			p.Transforms = append(p.Transforms, t)
		}
	}
	slices.SortFunc(p.Transforms, func(a, b wire.Transform) int { return int(a.Type) - int(b.Type) })
	return p
}

func TestAllowedByNeedsTheSameProtocol(t *testing.T) {
	sel := selectionOf(t, wire.ProtocolESP, "aes128gcm16")
	other := sel.Proposal
	other.Protocol = wire.ProtocolIKE
	if sel.AllowedBy([]wire.Proposal{other}) || sel.AllowedBy(nil) || !sel.AllowedBy([]wire.Proposal{sel.Proposal}) {
		t.Error("allowed by proposals of another protocol or by none, or not by its own")
	}
}

// Each connection that a peer may turn out to be for is asked, before anybody has authenticated.
func TestAllowedByDoesNotAllocate(t *testing.T) {
	sel := selectionOf(t, wire.ProtocolIKE, "aes128-sha256-x25519")
	configured := DefaultIKE()
	if n := testing.AllocsPerRun(20, func() { sel.AllowedBy(configured) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
