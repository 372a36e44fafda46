package ike

import (
	"encoding/binary"
	"testing"
	"time"

	"culvert/explain"
	"culvert/wire"
)

func TestChildIsRekeyedInTimeForEver(t *testing.T) {
	l := oneChild(t, func(a, b *Connection) {
		a.Children[0].Lifetime = Lifetime{Rekey: time.Hour, Jitter: 5 * time.Minute, Hard: 70 * time.Minute}
	})
	l.elapse(24*time.Hour + 30*time.Minute)
	l.quiet()
	l.agree(1)
	if n := len(l.a.of(NewsChildRekeyed)); n < 24 || n > 27 {
		t.Errorf("rekeyed %d times in a day", n)
	}
	if n := len(l.a.of(NewsChildDown)); n != 0 {
		t.Errorf("down %d times", n)
	}
}

func TestBothSidesWithTheSameLifetimes(t *testing.T) {
	l := oneChild(t, func(a, b *Connection) {
		for _, c := range []*Connection{a, b} {
			c.Children[0].Lifetime = Lifetime{Rekey: time.Hour, Hard: 70 * time.Minute} // no jitter: they collide every time
			c.Lifetime = Lifetime{Rekey: 4 * time.Hour, Hard: 5 * time.Hour}
		}
	})
	l.elapse(48 * time.Hour)
	l.quiet()
	l.agree(1)
	for _, node := range []*testNode{l.a, l.b} {
		if len(node.of(NewsChildDown))+len(node.of(NewsClosed)) != 0 || len(node.of(NewsRekeyed)) < 10 {
			t.Errorf("%s: %d children down, %d IKE SAs closed, %d rekeyed", node.name, len(node.of(NewsChildDown)),
				len(node.of(NewsClosed)), len(node.of(NewsRekeyed)))
		}
	}
	checkStandIns(l)
}

func TestJitterSpreadsRekeying(t *testing.T) {
	l := oneChild(t, nil)
	seen := map[time.Duration]bool{}
	for range 64 {
		d := l.sa(l.a).earlier(time.Hour, 10*time.Minute)
		if d > time.Hour || d < 50*time.Minute {
			t.Fatalf("rekeying after %v", d)
		}
		seen[d] = true
	}
	if len(seen) < 60 {
		t.Errorf("only %d different times of 64", len(seen))
	}
	if d := l.sa(l.a).earlier(time.Minute, time.Hour); d < 0 || d > time.Minute {
		t.Errorf("with more jitter than time: %v", d)
	}
}

func TestVolumeJitterNeverReachesZero(t *testing.T) {
	l := oneChild(t, nil)
	c := &ChildConfig{SoftBytes: 1000, JitterBytes: 5000, SoftPackets: 100, JitterPackets: 10}
	for range 200 {
		v := l.sa(l.a).softVolume(c)
		if v.bytes == 0 || v.bytes > 1000 || v.packets < 90 || v.packets > 100 {
			t.Fatalf("volume %+v", v)
		}
	}
	if v := l.sa(l.a).softVolume(&ChildConfig{JitterBytes: 7}); v.bytes != 0 {
		t.Errorf("no limit became %d", v.bytes)
	}
}

// refuseRekeying lets an hour pass, after which a rekeys, and b refuses it until the hard limit ends what was to be rekeyed.
func (l *childLab) refuseRekeying() {
	l.lossless, l.holding = false, true
	l.elapse(time.Hour)
	for range 2 {
		l.intercept(l.b, errorAnswer(wire.NotifyNoProposalChosen))
		l.elapse(time.Minute)
	}
	l.quiet()
	l.agree(0)
}

func TestChildEndsWhenItCannotBeRekeyed(t *testing.T) {
	l := oneChild(t, func(a, b *Connection) {
		a.Children[0].Lifetime = Lifetime{Rekey: time.Hour, Hard: 62 * time.Minute}
	})
	l.refuseRekeying()
	if f := l.a.failure(t, NewsChildDown); f.Code != explain.IKELifetime {
		t.Errorf("down because of %v", f)
	}
}

func TestIKESAEndsWhenItCannotBeRekeyed(t *testing.T) {
	l := oneChild(t, func(a, b *Connection) { a.Lifetime = Lifetime{Rekey: time.Hour, Hard: 62 * time.Minute} })
	l.refuseRekeying()
	if f := l.a.failure(t, NewsClosed); f.Code != explain.IKELifetime {
		t.Errorf("closed because of %v", f)
	}
}

func TestChildTimersMoveToTheNewIKESA(t *testing.T) {
	l := oneChild(t, func(a, b *Connection) { a.Children[0].Lifetime = Lifetime{Rekey: time.Hour, Hard: 2 * time.Hour} })
	before := l.sa(l.a).Children()[0]
	l.command(l.a, RekeyIKE{})
	l.letGo()
	after := l.sa(l.a).Children()[0]
	if before.Rekey.IsZero() || !after.Rekey.Equal(before.Rekey) || !after.Expire.Equal(before.Expire) {
		t.Errorf("rekeying at %v became %v", before.Rekey, after.Rekey)
	}
	l.elapse(time.Hour)
	if len(l.a.of(NewsChildRekeyed)) != 1 {
		t.Error("not rekeyed by age on the new IKE SA")
	}
}

func TestReplacedChildThatThePeerForgetsIsDeletedByUs(t *testing.T) {
	l := oneChild(t, nil)
	spi := l.child(l.a).inSPI
	request := append([]wire.Payload{rekeyNotify(spi)}, l.childRequest(l.espProposal("aes128gcm16-noesn", 0x7000))...)
	l.ask(l.a, wire.ExchangeCreateChildSA, request...)
	l.holding = true
	l.elapse(orphanTime)
	if got := l.b.lastMessage(); got != "INFORMATIONAL request 0 [ D(ESP 1) ]" {
		l.failf("b goes on with %s", got)
	}
}

func TestReauthenticationIsAskedForInTime(t *testing.T) {
	l := oneChild(t, func(a, b *Connection) {
		a.ReauthTime, b.ReauthTime = time.Hour, time.Hour
		a.Lifetime.Rekey = 20 * time.Minute
	})
	l.elapse(59 * time.Minute)
	if len(l.a.of(NewsReauth)) != 0 {
		t.Error("asked for too early")
	}
	l.elapse(5 * time.Minute)
	if n := len(l.a.of(NewsReauth)); n < 3 || len(l.a.of(NewsRekeyed)) < 2 {
		t.Errorf("asked %d times after %d rekeyings; they do not postpone it, and it is asked for until it is done", n, len(l.a.of(NewsRekeyed)))
	}
	if n := len(l.b.of(NewsReauth)); n != 0 {
		t.Errorf("the responder asked %d times; it cannot authenticate anew (RFC 7296, Section 2.8.3)", n)
	}
}

func TestAuthLifetimeMakesTheInitiatorReauthenticate(t *testing.T) {
	l := oneChild(t, func(a, b *Connection) { b.AuthLifetime = time.Hour })
	l.elapse(45 * time.Minute)
	if n := len(l.a.of(NewsReauth)); n != 0 {
		t.Errorf("asked %d times too early", n)
	}
	l.elapse(10 * time.Minute)
	if len(l.a.of(NewsReauth)) == 0 {
		t.Error("not asked")
	}
}

func TestAuthLifetimeIsEnforcedByTheResponder(t *testing.T) {
	l := oneChild(t, func(a, b *Connection) { b.AuthLifetime, b.Lifetime.Rekey = time.Hour, 25*time.Minute })
	l.lossless = false
	l.elapse(61 * time.Minute)
	l.quiet()
	l.agree(0)
	if f := l.b.failure(t, NewsClosed); f.Code != explain.IKELifetime || len(l.b.of(NewsRekeyed)) != 2 {
		t.Errorf("closed because of %v after %d rekeyings", f, len(l.b.of(NewsRekeyed)))
	}
}

// An initiator that authenticates again at the last moment is not cut off meanwhile.
func TestAuthLifetimeIsFollowedByGrace(t *testing.T) {
	l := oneChild(t, func(a, b *Connection) {
		b.AuthLifetime, b.AuthGrace, b.Lifetime.Rekey = time.Hour, 10*time.Minute, 25*time.Minute
	})
	l.elapse(69 * time.Minute)
	if n := len(l.b.of(NewsClosed)); n != 0 {
		t.Fatalf("closed %d times before the end", n)
	}
	l.lossless = false
	l.elapse(2 * time.Minute)
	l.quiet()
	l.agree(0)
	if f := l.b.failure(t, NewsClosed); f.Code != explain.IKELifetime {
		t.Errorf("closed because of %v", f)
	}
}

// authLifetimeNotify is N(AUTH_LIFETIME).
func authLifetimeNotify(seconds uint32) *wire.Notify {
	return &wire.Notify{NotifyType: wire.NotifyAuthLifetime, Data: binary.BigEndian.AppendUint32(nil, seconds)}
}

func TestAuthLifetimeMayComeLater(t *testing.T) {
	for name, tt := range map[string]struct {
		notify *wire.Notify
		within time.Duration
		asked  bool
	}{
		"an hour":         {authLifetimeNotify(3600), time.Hour, true},
		"at once":         {authLifetimeNotify(0), 2 * time.Second, true},
		"no number":       {&wire.Notify{NotifyType: wire.NotifyAuthLifetime, Data: []byte{1, 2}}, time.Hour, false},
		"a hundred years": {authLifetimeNotify(1<<32 - 1), 24 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := oneChild(t, nil)
			if answer := l.ask(l.b, wire.ExchangeInformational, tt.notify); len(answer) != 0 {
				t.Errorf("answer %v", answer)
			}
			l.elapse(tt.within)
			if n := len(l.a.of(NewsReauth)); n > 0 != tt.asked {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

func TestAuthLifetimeOfAnInitiatorIsIgnored(t *testing.T) {
	l := oneChild(t, nil)
	l.ask(l.a, wire.ExchangeInformational, authLifetimeNotify(10))
	l.elapse(time.Minute)
	if n := len(l.b.of(NewsReauth)); n != 0 {
		t.Errorf("asked %d times", n)
	}
}

func TestClosingKeepsWhatIsOnItsWay(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	l.command(l.a, Close{})
	plane := l.planes[l.a]
	if len(plane.out) != 0 || len(plane.in) != 1 {
		t.Errorf("%d outbound and %d inbound SAs while closing", len(plane.out), len(plane.in))
	}
	// The policy of a child that no longer sends lies below all others, so that another IKE SA may take its traffic.
	for _, p := range plane.policies {
		if p.Priority >= 0 {
			t.Errorf("policy with priority %d", p.Priority)
		}
	}
	l.quiet()
	l.agree(0)
	if n := len(l.a.of(NewsClosed)); n != 1 {
		t.Errorf("closed %d times", n)
	}
}

func TestPeerThatDoesNotAnswerTheDeleteIsLeft(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless = false
	l.onlyFrom(l.a)
	l.command(l.a, Close{})
	l.elapse(10 * time.Minute)
	if l.a.shard.Len() != 0 || len(l.a.of(NewsClosed)) != 1 {
		l.failf("the IKE SA is still there")
	}
}

func TestLostPeerEndsEverything(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless = false
	l.onlyFrom(l.a)
	l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
	l.command(l.a, CreateChild{Child: l.sa(l.a).conn.Children[0]})
	l.elapse(10 * time.Minute)
	if f := l.a.failure(t, NewsClosed); f.Code != explain.IKETimeout || len(l.planes[l.a].in) != 0 {
		l.failf("closed because of %v", f)
	}
	l.checkSPIs(l.a)
	if f := l.a.failure(t, NewsChildDown); f.Code != explain.IKETimeout {
		l.failf("child down because of %v", f)
	}
}

// onlyFrom lets the datagrams of one node through.
func (l *childLab) onlyFrom(node *testNode) {
	l.testNet.tap = func(from, _ *testNode, datagram []byte) [][]byte {
		if from == node {
			return [][]byte{datagram}
		}
		return nil
	}
}
