package ike

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"culvert/auth"
	"culvert/explain"
	"culvert/wire"
)

// A doorkeeper answers admissions with one verdict, and remembers what it was asked.
type doorkeeper struct {
	verdict Verdict
	asked   []Admission
}

func (d *doorkeeper) admit(a Admission) Work {
	d.asked = append(d.asked, a)
	return verdictWork{d.verdict}
}

type verdictWork struct{ verdict Verdict }

func (w verdictWork) Run(context.Context) any { return w.verdict }

func TestAdmissionKnowsWhoAsks(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) { ca.InitialContact = true })
	da, db := &doorkeeper{}, &doorkeeper{}
	a.env.Admit, b.env.Admit = da.admit, db.admit
	ev := initiate(a)
	ev.InitialContact = true
	n.do(a, ev)
	if len(da.asked) != 1 || len(db.asked) != 1 {
		t.Fatalf("asked %d and %d times", len(da.asked), len(db.asked))
	}
	if q := db.asked[0]; q.Initiator || !q.InitialContact || q.Identity != fqdn("a.example") || q.SA != b.only(t).LocalSPI() || q.Connection.Name != "b.example-a.example" {
		t.Errorf("b asked %+v", q)
	}
	if q := da.asked[0]; !q.Initiator || q.InitialContact || q.Identity != fqdn("b.example") || q.Request != nil {
		t.Errorf("a asked %+v", q)
	}
}

func TestInitialContactIsSentWhenBothAskForIt(t *testing.T) {
	for _, tt := range []struct{ connection, command, ignored, want bool }{
		{true, true, false, true}, {true, false, false, false}, {false, true, false, false}, {true, true, true, false},
	} {
		n, a, b := gateways(t, func(ca, cb *Connection) {
			ca.InitialContact = tt.connection
			if tt.ignored {
				cb.Unique = UniqueNever
			}
		})
		d := &doorkeeper{}
		b.env.Admit = d.admit
		ev := initiate(a)
		ev.InitialContact = tt.command
		n.do(a, ev)
		if got := d.asked[0].InitialContact; got != tt.want {
			t.Errorf("%+v: got %v", tt, got)
		}
	}
}

func TestRefusedAdmissionEndsTheHandshake(t *testing.T) {
	n, a, b := gateways(t, nil)
	d := &doorkeeper{verdict: Verdict{Refusal: refuse(explain.IKENotUnique, wire.NotifyAuthenticationFailed, "a.example is connected already")}}
	b.env.Admit = d.admit
	n.do(a, initiate(a))
	if f := b.failure(t, NewsClosed); f.Code != explain.IKENotUnique {
		t.Errorf("b closed with %v", f)
	}
	if f := a.failure(t, NewsClosed); f.Notify != wire.NotifyAuthenticationFailed {
		t.Errorf("a closed with %v", f)
	}
}

func TestAddressesAreServed(t *testing.T) {
	leased := netip.MustParseAddr("10.9.0.5")
	reply := &wire.Configuration{ConfigType: wire.ConfigReply, Attributes: []wire.Attribute{{Type: wire.AttrInternalIP4Address, Value: leased.AsSlice()}}}
	n, a, b := gateways(t, func(ca, cb *Connection) {
		withChild(t)(ca, cb)
		ca.VirtualIPs = []netip.Addr{netip.IPv4Unspecified()}
		ca.Children[0].Local, cb.Children[0].Remote = nil, nil
	})
	d := &doorkeeper{verdict: Verdict{Addresses: []netip.Addr{leased}, Reply: reply}}
	b.env.Admit = d.admit
	n.do(a, initiate(a))
	if d.asked[0].Request == nil || d.asked[0].Request.ConfigType != wire.ConfigRequest {
		t.Errorf("asked %+v", d.asked[0])
	}
	if got := b.only(t).leases; !slices.Equal(got, []netip.Addr{leased}) {
		t.Errorf("leases %v", got)
	}
	up := a.of(NewsChildUp)
	if len(up) != 1 || len(up[0].Child.Local) != 1 || up[0].Child.Local[0].Start != leased {
		t.Errorf("a's child is %+v", up)
	}
}

// TestIKESAOutlivesAddressesThatCannotBeServed follows RFC 7296, Sections 2.21.2 and 3.15.4.
func TestIKESAOutlivesAddressesThatCannotBeServed(t *testing.T) {
	for _, notify := range []wire.NotifyType{wire.NotifyInternalAddressFailure, wire.NotifyFailedCPRequired} {
		t.Run(notify.String(), func(t *testing.T) {
			n, a, b := gateways(t, withChild(t))
			d := &doorkeeper{verdict: Verdict{Refusal: refuse(explain.IKENoAddress, notify, "nothing left")}}
			b.env.Admit = d.admit
			n.do(a, initiate(a))
			if len(a.of(NewsEstablished)) != 1 || len(b.of(NewsEstablished)) != 1 {
				t.Fatalf("not established: %q", a.digest())
			}
			sent := b.messages(NewsMessageSent)
			if got, want := sent[len(sent)-1], "IKE_AUTH response 1 [ IDr AUTH N("+notify.String()+") ]"; got != want {
				t.Errorf("b answered %q, want %q", got, want)
			}
			if len(a.of(NewsChildUp))+len(b.of(NewsChildUp)) != 0 {
				t.Error("a child is up")
			}
			if f := a.failure(t, NewsFailure); f.Notify != notify {
				t.Errorf("a was told %v", f)
			}
		})
	}
}

func TestWindowSizesAndAuthLifetimeAreAnnounced(t *testing.T) {
	_, a, b := connected(t, func(ca, cb *Connection) { ca.WindowSize, cb.WindowSize, cb.AuthLifetime = 4, 8, 3600e9 })
	sa, sb := a.only(t), b.only(t)
	if sa.requests.size != 8 || sa.responses.size != 4 || sb.requests.size != 4 || sb.responses.size != 8 {
		t.Errorf("windows: a %d/%d, b %d/%d", sa.requests.size, sa.responses.size, sb.requests.size, sb.responses.size)
	}
	if sa.peer.authLifetime != 3600e9 {
		t.Errorf("AUTH_LIFETIME %v (RFC 4478)", sa.peer.authLifetime)
	}
}

func TestPeerWarningsAreReported(t *testing.T) {
	a, _ := newEstablishedPair(t)
	a.warn([]auth.Warning{{Code: explain.AuthPSKWeak, Text: "short"}})
	actions := a.takeActions()
	if r, ok := actions[0].(Report); len(actions) != 1 || !ok || r.News.Kind != NewsWarning || r.News.Failure.Code != explain.AuthPSKWeak {
		t.Errorf("actions %+v", actions)
	}
}

// An attempt that has been overtaken by another IKE SA before its IKE_AUTH does not claim to be the only one (RFC 7296, Section 2.4).
func TestInitialContactIsNotClaimedBesideANewerIKESA(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) { ca.InitialContact = true })
	d := &doorkeeper{}
	b.env.Admit = d.admit
	held := n.tap
	n.tap = func(*testNode, *testNode, []byte) [][]byte { return nil }
	ev := initiate(a)
	ev.InitialContact = true
	n.do(a, ev)
	n.do(a, Command{SA: a.only(t).LocalSPI(), Event: NotAlone{}})
	n.tap = held
	n.elapse(10 * time.Second)
	if len(d.asked) != 1 || d.asked[0].InitialContact {
		t.Errorf("asked %+v", d.asked)
	}
}
