package ike

import (
	"strings"
	"testing"
	"time"

	"culvert/explain"
	"culvert/wire"
)

// Proposals with additional key exchanges.
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
			c.Proposals = counted(append([]wire.Proposal{mustProposal(t, wire.ProtocolIKE, text+"-prfsha256")}, c.Proposals...))
		}
		if change != nil {
			change(a, b)
		}
	})
}

// exchanges returns the requests that a node has sent since the story began, for the first time.
func (l *childLab) exchanges(at *testNode) string {
	var list []string
	for _, line := range l.story {
		if _, rest, ok := strings.Cut(line, " sent "); ok && strings.Contains(line, " "+at.name+" ") && strings.Contains(rest, " request ") {
			list = append(list, strings.Fields(rest)[0])
		}
	}
	return strings.Join(list, " ")
}

const threeExchanges = "CREATE_CHILD_SA IKE_FOLLOWUP_KE IKE_FOLLOWUP_KE IKE_FOLLOWUP_KE"

func TestChildIsRekeyedWithAdditionalKeyExchangesInBothRoles(t *testing.T) {
	l := severalKE(t, threeKE, nil)
	for _, at := range []*testNode{l.a, l.b, l.a} {
		before := l.child(at).inSPI
		l.story = nil
		l.command(at, RekeyChild{SPI: before})
		if got, want := l.exchanges(at), threeExchanges+" INFORMATIONAL"; got != want {
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
		if got, want := l.exchanges(at), threeExchanges+" INFORMATIONAL"; got != want {
			l.failf("exchanges %s, want %s", got, want)
		}
		if l.sa(at).LocalSPI() == before {
			l.failf("not rekeyed")
		}
	}
	l.quiet()
	l.agree(1)
}

func TestNewChildIsMadeAfterTheLastKeyExchange(t *testing.T) {
	l := severalKE(t, "aes128gcm16-x25519-ke1_ecp256-ke2_mlkem512", nil)
	l.lossless, l.holding = false, true
	for _, at := range []*testNode{l.a, l.b} {
		l.story = nil
		before := len(l.live(at))
		l.command(at, CreateChild{Child: l.sa(at).conn.Children[0]})
		for range 5 { // all but the last answer
			l.deliver(at)
			if len(l.live(at)) != before {
				l.failf("%s has the child too early", at.name)
			}
			at = l.other(at)
		}
		l.letGo()
		l.holding = true
	}
	l.quiet()
	l.agree(3)
}

func TestAdditionalKeyExchangesNeedBothSides(t *testing.T) {
	l := severalKE(t, twoKE, func(a, b *Connection) {
		plain := mustProposal(t, wire.ProtocolESP, "aes128gcm16-x25519-noesn")
		a.Children[0].Proposals = counted(append(a.Children[0].Proposals, plain))
		b.Children[0].Proposals = counted([]wire.Proposal{plain})
	})
	for _, at := range []*testNode{l.a, l.b} {
		l.story = nil
		l.command(at, RekeyChild{SPI: l.child(at).inSPI})
		if got := l.exchanges(at); got != "CREATE_CHILD_SA INFORMATIONAL" {
			l.failf("exchanges %s", got)
		}
	}
	l.quiet()
	l.agree(1)
}

func TestChosenNoneMeansNoExchange(t *testing.T) {
	l := severalKE(t, "aes128gcm16-x25519-ke1_none-ke1_mlkem768-ke4_ecp256", nil)
	l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
	if got := l.exchanges(l.a); got != "CREATE_CHILD_SA IKE_FOLLOWUP_KE INFORMATIONAL" {
		l.failf("exchanges %s", got)
	}
	l.quiet()
	l.agree(1)
}

func TestFollowUpKeyExchangesGoBeforeWhatWaits(t *testing.T) {
	l := severalKE(t, threeKE, nil)
	l.lossless, l.holding = false, true
	l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
	l.command(l.a, CheckLiveness{})
	l.command(l.a, CreateChild{Child: l.sa(l.a).conn.Children[0]})
	l.letGo()
	if got := l.exchanges(l.a); !strings.HasPrefix(got, threeExchanges) {
		l.failf("exchanges %s", got)
	}
	l.quiet()
	l.agree(2)
}

func TestIKESAThatIsRekeyedDoesNotGetWeaker(t *testing.T) {
	l := severalKE(t, twoKE, nil)
	l.command(l.a, RekeyIKE{}) // from now on it has two key exchanges
	offered := l.sa(l.b).rekeyOffer()
	if len(offered) != 1 || len(offered[0].Transforms) != 4 {
		t.Errorf("b would offer %s", proposalStrings(offered))
	}
	weak := mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519")
	weak.SPI = []byte{1, 2, 3, 4, 5, 6, 7, 8}
	answer := l.ask(l.a, wire.ExchangeCreateChildSA, &wire.SA{Proposals: []wire.Proposal{weak}}, nonceOf(1),
		&wire.KE{Method: wire.KECurve25519, Data: make([]byte, 32)})
	if notifyOf(answer) != wire.NotifyNoProposalChosen {
		t.Errorf("b answers %v", answer)
	}
	if f := l.b.failure(t, NewsFailure); f.Code != explain.IKEWeakerRekey {
		t.Errorf("b reports %v", f)
	}
}

func TestPolicyMayMakeTheIKESAWeaker(t *testing.T) {
	l := severalKE(t, twoKE, nil)
	l.command(l.a, RekeyIKE{})
	for _, at := range []*testNode{l.a, l.b} {
		weaker := *l.sa(at).conn
		weaker.Proposals = counted(weaker.Proposals[1:])
		l.command(at, Reconfigure{&weaker})
	}
	l.story = nil
	l.command(l.a, RekeyIKE{})
	if got := l.exchanges(l.a); got != "CREATE_CHILD_SA INFORMATIONAL" {
		l.failf("exchanges %s", got)
	}
}

// rekeyingInSteps runs a test with the rekeying of a child, and with that of the IKE SA, which take two key exchanges.
func rekeyingInSteps(t *testing.T, test func(t *testing.T, l *childLab, rekey Event)) {
	t.Run("child", func(t *testing.T) {
		l := severalKE(t, twoKE, nil)
		test(t, l, RekeyChild{SPI: l.child(l.a).inSPI})
	})
	t.Run("IKE", func(t *testing.T) { test(t, severalKE(t, twoKE, nil), RekeyIKE{}) })
}

func TestPeerThatDoesNotGoOnIsForgotten(t *testing.T) {
	rekeyingInSteps(t, func(t *testing.T, l *childLab, rekey Event) {
		l.holding = true
		l.command(l.a, rekey)
		l.deliver(l.a)
		if n := len(l.sa(l.b).exchanges.pending); n != 1 {
			l.failf("%d pending", n)
		}
		l.lose(l.b)
		l.elapse(followUpTime - time.Second)
		if n := len(l.sa(l.b).exchanges.pending); n != 1 {
			l.failf("%d pending shortly before the end", n)
		}
		l.elapse(time.Second)
		if n := len(l.sa(l.b).exchanges.pending); n != 0 {
			l.failf("%d pending", n)
		}
		if f := l.b.failure(t, NewsFailure); f.Code != explain.IKEStateNotFound {
			l.failf("b reports %v", f)
		}
		l.letGo() // a's retransmissions are answered; then STATE_NOT_FOUND, and it starts over
		l.quiet()
		l.agree(1)
		if l.sent(l.b, "STATE_NOT_FOUND") != 1 || l.sent(l.a, "CREATE_CHILD_SA request") != 2 {
			l.failf("a did not start over")
		}
	})
}

func TestPeerThatForgetsForEverLosesTheIKESA(t *testing.T) {
	rekeyingInSteps(t, func(t *testing.T, l *childLab, rekey Event) {
		l.lossless, l.holding = false, true
		l.command(l.a, rekey)
		for range maxStartOvers + 1 {
			l.deliver(l.a)
			l.deliver(l.b)
			l.intercept(l.b, errorAnswer(wire.NotifyStateNotFound))
		}
		if got := l.a.lastMessage(); !strings.Contains(got, "INFORMATIONAL request") || !strings.Contains(got, "D(IKE)") {
			l.failf("a goes on with %s", got)
		}
		l.letGo()
		if f := l.a.failure(t, NewsClosed); f.Code != explain.IKEStateNotFound {
			l.failf("closed with %v", f)
		}
		l.checkSPIs(l.a)
		l.checkSPIs(l.b)
	})
}

func TestTemporaryFailureOfAKeyExchangeIsRetriedAsAWhole(t *testing.T) {
	rekeyingInSteps(t, func(t *testing.T, l *childLab, rekey Event) {
		l.holding = true
		l.command(l.a, rekey)
		l.deliver(l.a)
		l.deliver(l.b)
		l.intercept(l.b, errorAnswer(wire.NotifyTemporaryFailure))
		l.quiet()
		l.agree(1)
		if l.sent(l.a, "CREATE_CHILD_SA request") != 2 {
			l.failf("not tried again")
		}
	})
}
