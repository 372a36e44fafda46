package sim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/suite"
	"culvert/wire"
)

// A forgery changes the payloads of an IKE_SA_INIT message on its way; nothing protects these.
type forgery struct {
	name   string
	change func(payloads []wire.Payload) []wire.Payload
}

func forgeries() []forgery {
	var list []forgery
	for _, t := range []wire.NotifyType{wire.NotifyIntermediateExchangeSupported, wire.NotifyUsePPK, wire.NotifyUsePPKInt, wire.NotifyFullTranscriptAuth,
		wire.NotifyIKEv2FragmentationSupported, wire.NotifySignatureHashAlgorithms, wire.NotifyChildlessIKEv2Supported} {
		list = append(list, forgery{"without " + t.String(), stripped(t)}, forgery{"with another " + t.String(), added(&wire.Notify{NotifyType: t})},
			forgery{"with data in " + t.String(), filled(t)})
	}
	return append(list,
		forgery{"without any of that", func(p []wire.Payload) []wire.Payload {
			for _, t := range []wire.NotifyType{wire.NotifyIntermediateExchangeSupported, wire.NotifyUsePPK, wire.NotifyUsePPKInt, wire.NotifyFullTranscriptAuth} {
				p = stripped(t)(p)
			}
			return withoutHybrids(p)
		}},
		forgery{"without proposals that have additional key exchanges", withoutHybrids},
		forgery{"with proposals in another order", reversedProposals},
		forgery{"without additional key exchanges", changedTransforms(func(t *wire.Transform) bool { return t.Type < wire.TransformADDKE1 })},
		forgery{"with NONE as additional key exchanges", changedTransforms(func(t *wire.Transform) bool {
			if t.Type >= wire.TransformADDKE1 {
				t.ID = wire.KENone
			}
			return true
		})},
		forgery{"with something unknown", added(&wire.Notify{NotifyType: 40000, Data: []byte("?")})})
}

func stripped(t wire.NotifyType) func([]wire.Payload) []wire.Payload {
	return func(p []wire.Payload) []wire.Payload {
		return slices.DeleteFunc(slices.Clone(p), func(p wire.Payload) bool {
			n, is := p.(*wire.Notify)
			return is && n.NotifyType == t
		})
	}
}

func added(n *wire.Notify) func([]wire.Payload) []wire.Payload {
	return func(p []wire.Payload) []wire.Payload { return append(slices.Clone(p), n) }
}

// filled puts an octet behind the data of a notify.
func filled(t wire.NotifyType) func([]wire.Payload) []wire.Payload {
	return func(p []wire.Payload) []wire.Payload {
		if n, ok := wire.FindNotify(p, t); ok {
			n.Data = append(slices.Clone(n.Data), 1)
		}
		return p
	}
}

// changedTransforms changes the transforms of all proposals, and leaves out those that are not to stay.
func changedTransforms(stays func(*wire.Transform) bool) func([]wire.Payload) []wire.Payload {
	return func(p []wire.Payload) []wire.Payload {
		if sa, ok := wire.Find[*wire.SA](p); ok {
			for i := range sa.Proposals {
				var kept []wire.Transform
				for _, t := range sa.Proposals[i].Transforms {
					if stays(&t) {
						kept = append(kept, t)
					}
				}
				sa.Proposals[i].Transforms = kept
			}
		}
		return p
	}
}

// withoutHybrids leaves out proposals with additional key exchanges, unless there are no others.
func withoutHybrids(p []wire.Payload) []wire.Payload {
	if sa, ok := wire.Find[*wire.SA](p); ok {
		plain := slices.DeleteFunc(slices.Clone(sa.Proposals), func(p wire.Proposal) bool { return len(suite.Selection{Proposal: p}.Additional()) > 0 })
		if len(plain) > 0 {
			sa.Proposals = plain
		}
	}
	return p
}

func reversedProposals(p []wire.Payload) []wire.Payload {
	if sa, ok := wire.Find[*wire.SA](p); ok {
		slices.Reverse(sa.Proposals)
	}
	return p
}

// forge has a forger change every first message in the directions named.
func (l *Lab) forge(f forgery, requests, responses bool) (changed *int) {
	changed = new(int)
	l.Network.Intercept = func(p Packet, pass func(Packet)) {
		what, b := p.content()
		m, err := wire.Parse(b)
		if what != kindIKE || err != nil || m.Exchange != wire.ExchangeSAInit || !(m.IsResponse() && responses || !m.IsResponse() && requests) {
			pass(p)
			return
		}
		m.Payloads = f.change(m.Payloads)
		forged := p.with(m.Append(nil))
		if string(forged.Data) != string(p.Data) {
			*changed++
		}
		pass(forged)
	}
	return changed
}

// Somebody who can change IKE_SA_INIT messages ends the attempt, or changes nothing: no side ever has an IKE SA that is weaker
// than what both agree on undisturbed.
func TestForgersOfIKESAInitNeverMakeItWeaker(t *testing.T) {
	named := func(name string) side {
		all := sides()
		return all[slices.IndexFunc(all, func(s side) bool { return s.name == name })]
	}
	pairs := [][2]string{{"prefer", "prefer"}, {"off, PPK", "off, PPK"}, {"prefer, PPK", "prefer, PPK in IKE_AUTH"}, {"optional ADDKE1 and ADDKE2", "prefer, PPK"},
		{"off", "off"}, {"prefer, no transcript", "prefer"}, {"prefer, PPK, no transcript", "prefer, PPK, no transcript"}}
	for _, pair := range pairs {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			t.Parallel()
			for _, f := range forgeries() {
				for _, way := range [][2]bool{{true, false}, {false, true}, {true, true}} {
					f.attempt(t, named(pair[0]), named(pair[1]), way)
				}
			}
		})
	}
}

func (f forgery) attempt(t *testing.T, left, right side, way [2]bool) {
	t.Helper()
	name := left.name + " to " + right.name + ": " + f.name + strings.Repeat(" in the request", one(way[0])) + strings.Repeat(" in the response", one(way[1]))
	retell(t, 7, name, func(l *Lab) {
		a, b, conn := married(l, left, right)
		changed := l.forge(f, way[0], way[1])
		// Without the transcript a responder learns from the initiator only that its own message came as it was sent.
		watched := []*Node{a, b}
		if left.downgrade || right.downgrade {
			watched = watched[:1]
		}
		l.bringUp(a, conn)
		l.RunUntil(20*time.Second, func() bool {
			for _, n := range watched {
				if _, up := n.status(); up && *changed > 0 {
					l.checkAgreement(n, n, strongest(left, right))
				}
			}
			return len(l.Problems()) > 0
		})
		up := len(a.Children(conn)) > 0
		if up != (*changed == 0) {
			l.Problem("%d messages forged, and the tunnel is up: %t", *changed, up)
		}
	})
}
