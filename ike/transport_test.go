package ike

import (
	"net/netip"
	"strings"
	"testing"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/explain"
	"culvert/spd"
	"culvert/wire"
)

// transportChild protects what the two ends of the IKE SA say to each other, or what its selectors leave of that.
func transportChild(t testing.TB, local, remote string) *ChildConfig {
	c := netChild(t, "10.1.0.0/16", "10.2.0.0/16")
	c.Mode, c.Local, c.Remote = esp.Transport, nil, nil
	for text, list := range map[string]*[]spd.Selector{local: &c.Local, remote: &c.Remote} {
		if text != "" {
			*list = selectors(t, text)
		}
	}
	return c
}

// transportLab connects two hosts in transport mode.
func transportLab(t testing.TB, change func(a, b *ChildConfig)) *childLab {
	t.Helper()
	return newChildLab(t, func(a, b *Connection) {
		ca, cb := transportChild(t, "", ""), transportChild(t, "", "")
		a.Children, b.Children = []*ChildConfig{ca}, []*ChildConfig{cb}
		if change != nil {
			change(ca, cb)
		}
	})
}

func TestTransportModeIsNegotiated(t *testing.T) {
	l := transportLab(t, nil)
	l.agree(1)
	l.lossless = true
	for _, node := range []*testNode{l.a, l.b} {
		c := l.child(node)
		if c.mode != esp.Transport || l.planes[node].in[c.inSPI].Mode != esp.Transport {
			t.Errorf("%s: mode %v", node.name, c.mode)
		}
	}
	if got := l.negotiated(l.a); got != "192.0.2.1 === 192.0.2.2" {
		t.Errorf("selectors %s", got)
	}
	l.command(l.b, RekeyChild{SPI: l.child(l.b).inSPI})
	l.quiet()
	l.agree(1)
	if l.child(l.a).mode != esp.Transport {
		t.Error("rekeyed to tunnel mode")
	}
}

func TestTransportModeKeepsProtocolsAndPorts(t *testing.T) {
	l := transportLab(t, func(a, b *ChildConfig) {
		a.Local = selectors(t, "192.0.2.0/24[udp/4000-5000]", "192.0.2.1[tcp]", "10.1.0.0/16")
		b.Remote = selectors(t, "0.0.0.0/0[udp]")
	})
	if got := l.negotiated(l.a); got != "192.0.2.1[udp/4000-5000] === 192.0.2.2" {
		t.Errorf("selectors %s", got)
	}
}

func TestTransportModeNeedsTheEndsOfTheIKESA(t *testing.T) {
	l := transportLab(t, func(a, _ *ChildConfig) { a.Local = selectors(t, "10.1.0.0/16") })
	if f := l.a.failure(t, NewsFailure); f.Code != explain.IKETSUnacceptable || !strings.Contains(f.Error(), "192.0.2.1") {
		t.Errorf("failure %v", f)
	}
}

func TestModesThatDiffer(t *testing.T) {
	t.Run("responder declines transport mode", func(t *testing.T) {
		l := transportLab(t, func(_, b *ChildConfig) { b.Mode = esp.Tunnel })
		if f := l.a.failure(t, NewsFailure); f.Code != explain.IKEMode {
			t.Errorf("failure %v", f)
		}
		// The initiator that insists on transport mode deletes the SA (RFC 7296, Section 1.3.1).
		l.quiet()
		l.agree(0)
	})
	t.Run("responder insists on transport mode", func(t *testing.T) {
		l := transportLab(t, func(a, _ *ChildConfig) { a.Mode = esp.Tunnel })
		if f := l.b.failure(t, NewsFailure); f.Notify != wire.NotifyTSUnacceptable {
			t.Errorf("failure %v", f)
		}
		l.agree(0)
	})
	t.Run("transport is preferred to tunnel", func(t *testing.T) {
		l := newChildLab(t, func(a, b *Connection) {
			a.Children = []*ChildConfig{transportChild(t, "", "")}
			b.Children = []*ChildConfig{netChild(t, "0.0.0.0/0", "0.0.0.0/0"), transportChild(t, "", "")}
		})
		if got := l.child(l.b).mode; got != esp.Transport {
			t.Errorf("mode %v", got)
		}
	})
}

func TestTransportModeForAnotherHostIsDeclined(t *testing.T) {
	l := transportLab(t, func(_, b *ChildConfig) { b.Local, b.Remote = selectors(t, "0.0.0.0/0"), selectors(t, "0.0.0.0/0") })
	answer := l.ask(l.a, wire.ExchangeCreateChildSA, &wire.Notify{NotifyType: wire.NotifyUseTransportMode},
		&wire.SA{Proposals: []wire.Proposal{numbered(l.espProposal("aes128gcm16-noesn", 0x7000))}}, nonceOf(9),
		tsPayload(wire.PayloadTSi, selectors(t, "192.0.2.77")), tsPayload(wire.PayloadTSr, selectors(t, "192.0.2.2")))
	if got := notifyOf(answer); got != wire.NotifyTSUnacceptable {
		t.Errorf("answer %v", got)
	}
}

// translator stands between the gateways: a is seen as natA by b, and b is known as natB to a (RFC 7296, Section 2.23.1).
type translator struct{ natA, natB netip.Addr }

func (n translator) install(l *testNet, a, b *testNode) {
	at := func(p netip.AddrPort, addr netip.Addr) netip.AddrPort { return netip.AddrPortFrom(addr, p.Port()) }
	l.route = func(from *testNode, p dataplane.Path) (*testNode, dataplane.Path) {
		back := reverse(p)
		if from == a && p.Remote.Addr() == n.natB {
			return b, dataplane.Path{Local: at(back.Local, b.addr), Remote: at(back.Remote, n.natA), Transport: p.Transport}
		}
		if from == b && p.Remote.Addr() == n.natA {
			return a, dataplane.Path{Local: at(back.Local, a.addr), Remote: at(back.Remote, n.natB), Transport: p.Transport}
		}
		return nil, p
	}
}

func TestTransportModeBehindNATs(t *testing.T) {
	public := translator{netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("198.51.100.2")}
	tests := []struct {
		name         string
		nat          translator
		fromA, fromB string // selectors as a and b see them
		original     bool
	}{
		{"initiator behind a NAT", translator{public.natA, addrB}, "192.0.2.1 === 192.0.2.2", "192.0.2.2 === 198.51.100.1", true},
		{"responder behind a NAT", translator{addrA, public.natB}, "192.0.2.1 === 198.51.100.2", "192.0.2.2 === 192.0.2.1", true},
		{"both behind a NAT", public, "192.0.2.1 === 198.51.100.2", "192.0.2.2 === 198.51.100.1", true},
		{"no NAT", translator{addrA, addrB}, "192.0.2.1 === 192.0.2.2", "192.0.2.2 === 192.0.2.1", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, a, b := gateways(t, func(a, b *Connection) {
				a.Children, b.Children = []*ChildConfig{transportChild(t, "", "")}, []*ChildConfig{transportChild(t, "", "")}
			})
			l := newLabOf(t, n, a, b)
			tt.nat.install(n, a, b)
			ev := initiate(a)
			ev.Path.Remote = netip.AddrPortFrom(tt.nat.natB, 500)
			l.do(a, ev)
			l.agree(1)
			if got := l.negotiated(a); got != tt.fromA {
				t.Errorf("a has %s", got)
			}
			if got := l.negotiated(b); got != tt.fromB {
				t.Errorf("b has %s", got)
			}
			sa := l.planes[b].in[l.child(b).inSPI]
			if tt.original != sa.OriginalRemote.IsValid() || tt.original && (sa.OriginalRemote != addrA || sa.OriginalLocal != tt.nat.natB) {
				t.Errorf("b keeps the originals %v, %v", sa.OriginalRemote, sa.OriginalLocal)
			}
			l.lossless = true
			for _, node := range []*testNode{a, b} {
				l.command(node, RekeyChild{SPI: l.child(node).inSPI})
				l.quiet()
			}
			l.agree(1)
			if got := l.negotiated(b); got != tt.fromB {
				t.Errorf("after rekeying b has %s", got)
			}
		})
	}
}

func TestTunnelBehindNATKeepsItsSelectors(t *testing.T) {
	n, a, b := gateways(t, func(a, b *Connection) {
		a.Children = []*ChildConfig{netChild(t, "10.1.0.0/16", "10.2.0.0/16")}
		b.Children = []*ChildConfig{netChild(t, "10.2.0.0/16", "10.1.0.0/16")}
	})
	l := newLabOf(t, n, a, b)
	translator{netip.MustParseAddr("198.51.100.1"), addrB}.install(n, a, b)
	l.do(a, initiate(a))
	l.agree(1)
	if got := l.negotiated(b); got != "10.2.0.0/16 === 10.1.0.0/16" {
		t.Errorf("b has %s", got)
	}
	if p := l.planes[b].out[1][0].Path; p.Transport != dataplane.TransportUDP || p.Remote.Port() != 4500 {
		t.Errorf("ESP goes to %v", p)
	}
}
