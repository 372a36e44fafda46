package ike

import (
	"slices"
	"testing"

	"culvert/explain"
	"culvert/wire"
)

// refuseMethods answers one request for a Child SA after the other with a notify until there is none, and returns their key exchange
// methods.
func (l *childLab) refuseMethods(t wire.NotifyType) (tried []wire.TransformID) {
	for len(l.held) > 0 {
		l.intercept(l.b, func(request []wire.Payload) []wire.Payload {
			for _, p := range request {
				if ke, ok := p.(*wire.KE); ok {
					tried = append(tried, ke.Method)
				}
			}
			return []wire.Payload{&wire.Notify{NotifyType: t}}
		})
	}
	return tried
}

// What the peer chose for the IKE SA is the better guess where it could have had the first of the child, and ours counts where not.
func TestFirstKeyExchangeOfAChildIsWhatThePeerIsKnownToTake(t *testing.T) {
	for name, tt := range map[string]struct {
		ours string
		want wire.TransformID
	}{
		"the peer chose another":             {"aes128gcm16-prfsha256-x25519-ecp256", 19},
		"the peer was not offered the first": {"aes128gcm16-prfsha256-ecp256", 31},
	} {
		t.Run(name, func(t *testing.T) {
			l := oneChild(t, func(a, b *Connection) {
				a.Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, tt.ours)}
				b.Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-ecp256")}
				a.Children[0].Proposals = espOf(t, "aes128gcm16-x25519-ecp256-noesn")
			})
			for _, ev := range []Event{RekeyChild{SPI: l.child(l.a).inSPI}, CreateChild{Child: l.sa(l.a).conn.Children[0]}} {
				l.holding = true
				l.command(l.a, ev)
				if got := l.refuseMethods(wire.NotifyNoProposalChosen); !slices.Equal(got, []wire.TransformID{tt.want}) {
					l.failf("%T: tried %v instead of %d", ev, got, tt.want)
				}
			}
		})
	}
}

func TestRekeyingBeginsWithTheKeyExchangeOfTheOldChild(t *testing.T) {
	both, one := espOf(t, "aes128gcm16-x25519-ecp256-noesn"), espOf(t, "aes128gcm16-ecp256-noesn")
	l := oneChild(t, withESP(t, both, one))
	l.lossless = false
	for n := range 2 {
		l.story = nil
		l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
		l.letGo()
		if got := l.sent(l.b, "N(INVALID_KE_PAYLOAD)"); got != 1-n {
			l.failf("rekeying %d: %d times INVALID_KE_PAYLOAD", n+1, got)
		}
		l.quiet()
	}
}

// Libreswan 4 takes the public value of another method than it wants for a malformed one.
func TestNextKeyExchangeIsTriedAfterInvalidSyntax(t *testing.T) {
	l := oneChild(t, withESP(t, espOf(t, "aes128gcm16-x25519-ecp256-ecp384-noesn"), espOf(t, "aes128gcm16-ecp256-noesn")))
	l.holding = true
	l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
	if got := l.refuseMethods(wire.NotifyInvalidSyntax); !slices.Equal(got, []wire.TransformID{31, 19, 20}) {
		l.failf("tried %v", got)
	}
	if f := l.a.failure(t, NewsFailure); f.Code != explain.IKEPeerRefused || f.Notify != wire.NotifyInvalidSyntax {
		l.failf("failure %v", f)
	}
	if c := l.child(l.a); c.state != childInstalled {
		l.failf("the old child is %v", c.state)
	}
}
