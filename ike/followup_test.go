package ike

import (
	"strings"
	"testing"

	"culvert/wire"
)

// Proposals with additional key exchanges, of methods that take little time.
const (
	threeKE = "aes128gcm16-x25519-ke1_ecp256-ke2_mlkem768-ke5_mlkem512"
	twoKE   = "aes128gcm16-x25519-ke2_ecp256"
)

// severalKE is oneChild whose children and IKE SAs are rekeyed with additional key exchanges.
func severalKE(t testing.TB, text string, change func(a, b *Connection)) *childLab {
	t.Helper()
	return oneChild(t, func(a, b *Connection) {
		for _, c := range []*Connection{a, b} {
			c.Children[0].Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolESP, text+"-noesn")}
			hybrid := mustProposal(t, wire.ProtocolIKE, text+"-prfsha256")
			hybrid.Number = uint8(len(c.Proposals) + 1)
			c.Proposals = append([]wire.Proposal{hybrid}, c.Proposals...)
		}
		if change != nil {
			change(a, b)
		}
	})
}

// messages returns the exchanges in which a node has sent requests since the story began.
func (l *childLab) exchanges(at *testNode) string {
	var list []string
	for _, line := range l.story {
		if _, rest, ok := strings.Cut(line, " sent "); ok && strings.Contains(line, " "+at.name+" ") && strings.Contains(rest, " request ") {
			list = append(list, strings.Fields(rest)[0])
		}
	}
	return strings.Join(list, " ")
}

func TestChildIsRekeyedWithAdditionalKeyExchangesInBothRoles(t *testing.T) {
	l := severalKE(t, threeKE, nil)
	for _, at := range []*testNode{l.a, l.b, l.a} {
		before := l.child(at).inSPI
		l.story = nil
		l.command(at, RekeyChild{SPI: before})
		if got, want := l.exchanges(at), "CREATE_CHILD_SA IKE_FOLLOWUP_KE IKE_FOLLOWUP_KE IKE_FOLLOWUP_KE INFORMATIONAL"; got != want {
			l.failf("exchanges %s, want %s", got, want)
		}
		if l.child(at).inSPI == before {
			l.failf("not rekeyed")
		}
	}
	l.quiet()
	l.agree(1)
}

func TestIKEIsRekeyedWithAdditionalKeyExchangesInBothRoles(t *testing.T) {
	l := severalKE(t, threeKE, nil)
	for _, at := range []*testNode{l.a, l.b, l.a} {
		before := l.sa(at).LocalSPI()
		l.story = nil
		l.command(at, RekeyIKE{})
		if got, want := l.exchanges(at), "CREATE_CHILD_SA IKE_FOLLOWUP_KE IKE_FOLLOWUP_KE IKE_FOLLOWUP_KE INFORMATIONAL"; got != want {
			l.failf("exchanges %s, want %s", got, want)
		}
		if l.sa(at).LocalSPI() == before {
			l.failf("not rekeyed")
		}
	}
	l.quiet()
	l.agree(1)
}
