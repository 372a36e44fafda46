package ike

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"culvert/explain"
	"culvert/spd"
	"culvert/wire"
)

// traffic connects two gateways whose one child has the given selectors, "local === remote" as each sees it.
func traffic(t testing.TB, a, b string) *childLab {
	t.Helper()
	side := func(text string) *ChildConfig {
		c := netChild(t, "10.1.0.0/16", "10.2.0.0/16")
		local, remote, _ := strings.Cut(text, " === ")
		c.Local, c.Remote = selectors(t, strings.Fields(local)...), selectors(t, strings.Fields(remote)...)
		return c
	}
	return newChildLab(t, func(ca, cb *Connection) {
		ca.Children, cb.Children = []*ChildConfig{side(a)}, []*ChildConfig{side(b)}
	})
}

// negotiated shows the selectors of a node's child as it sees them.
func (l *childLab) negotiated(at *testNode) string {
	live := l.live(at)
	if len(live) == 0 {
		return ""
	}
	text := func(list []spd.Selector) string {
		var words []string
		for _, s := range list {
			words = append(words, s.String())
		}
		return strings.Join(words, " ")
	}
	return text(live[0].local) + " === " + text(live[0].remote)
}

func TestRefusedTrafficIsToldWithItsAddresses(t *testing.T) {
	l := newChildLab(t, func(ca, cb *Connection) {
		dynamic := netChild(t, "10.1.0.0/16", "10.2.0.0/16")
		dynamic.Local = []spd.Selector{{EndPort: 65535}}
		ca.Children, cb.Children = []*ChildConfig{dynamic}, []*ChildConfig{netChild(t, "10.9.0.0/16", "10.1.0.0/16")}
	})
	if f := l.a.failure(t, NewsFailure); f.Code != explain.IKETSUnacceptable || !strings.Contains(f.Error(), "192.0.2.1 === 10.2.0.0/16") {
		t.Errorf("failure %v", f)
	}
}

func TestTrafficIsNarrowedToWhatBothAllow(t *testing.T) {
	tests := []struct{ name, a, b, want string }{
		{"the same", "10.1.0.0/16 === 10.2.0.0/16", "10.2.0.0/16 === 10.1.0.0/16", "10.1.0.0/16 === 10.2.0.0/16"},
		{"responder allows less", "0.0.0.0/0 === 0.0.0.0/0", "10.2.0.0/16 === 10.1.0.0/16", "10.1.0.0/16 === 10.2.0.0/16"},
		{"responder allows more", "10.1.0.0/16 === 10.2.0.0/16", "0.0.0.0/0 === 0.0.0.0/0", "10.1.0.0/16 === 10.2.0.0/16"},
		{"ranges that overlap", "10.1.0.10-10.1.0.20 === 10.2.0.0/16", "10.2.0.0/16 === 10.1.0.15-10.1.0.30", "10.1.0.15-10.1.0.20 === 10.2.0.0/16"},
		{"protocol", "10.1.0.0/16[tcp] === 10.2.0.0/16[tcp]", "10.2.0.0/16 === 10.1.0.0/16", "10.1.0.0/16[tcp] === 10.2.0.0/16[tcp]"},
		{"port ranges", "10.1.0.0/16[udp/1000-2000] === 10.2.0.0/16[udp]", "10.2.0.0/16[udp] === 10.1.0.0/16[udp/1500-3000]",
			"10.1.0.0/16[udp/1500-2000] === 10.2.0.0/16[udp]"},
		{"several selectors", "10.1.0.0/24 10.1.2.0/24 === 10.2.0.0/16", "10.2.0.0/16 === 10.1.2.0/23 10.9.0.0/16", "10.1.2.0/24 === 10.2.0.0/16"},
		{"both families", "10.1.0.0/16 2001:db8:1::/48 === 10.2.0.0/16 2001:db8:2::/48", "10.2.0.0/16 2001:db8:2::/48 === 0.0.0.0/0 ::/0",
			"10.1.0.0/16 2001:db8:1::/48 === 10.2.0.0/16 2001:db8:2::/48"},
		{"one family of two", "10.1.0.0/16 2001:db8:1::/48 === 10.2.0.0/16 2001:db8:2::/48", "2001:db8:2::/48 === 2001:db8:1::/48",
			"2001:db8:1::/48 === 2001:db8:2::/48"},
		{"IPv6 inside", "2001:db8:1::/48 === ::/0", "2001:db8:2::/48 === ::/0", "2001:db8:1::/48 === 2001:db8:2::/48"},
		{"nothing in common", "10.1.0.0/16 === 10.2.0.0/16", "10.3.0.0/16 === 10.1.0.0/16", ""},
		{"another protocol", "10.1.0.0/16[tcp] === 10.2.0.0/16[tcp]", "10.2.0.0/16[udp] === 10.1.0.0/16[udp]", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := traffic(t, tt.a, tt.b)
			if got := l.negotiated(l.a); got != tt.want {
				t.Errorf("negotiated %q, want %q", got, tt.want)
			}
			local, remote, _ := strings.Cut(tt.want, " === ")
			if got := l.negotiated(l.b); tt.want != "" && got != remote+" === "+local {
				t.Errorf("responder has %q", got)
			}
			if tt.want == "" {
				f := l.b.failure(t, NewsFailure)
				if f.Notify != wire.NotifyTSUnacceptable || !strings.Contains(f.Error(), "10.1.0.0/16") || !strings.Contains(f.Error(), "10.2.0.0/16") {
					t.Errorf("the failure does not show both sides: %v", f)
				}
				if l.sa(l.a).state != StateEstablished {
					t.Error("the IKE SA did not survive")
				}
			}
		})
	}
}

// selectorGen makes valid selectors, of few addresses and ports so that they meet.
func selectorGen() *rapid.Generator[spd.Selector] {
	return rapid.Custom(func(t *rapid.T) spd.Selector {
		base := netip.MustParseAddr("10.0.0.0")
		if rapid.Bool().Draw(t, "six") {
			base = netip.MustParseAddr("2001:db8::")
		}
		octets := base.AsSlice()
		first := rapid.ByteRange(0, 30).Draw(t, "first")
		last := rapid.ByteRange(first, 31).Draw(t, "last")
		start, end := slices.Clone(octets), slices.Clone(octets)
		start[len(start)-1], end[len(end)-1] = first, last
		s := spd.Selector{EndPort: 65535, Protocol: rapid.SampledFrom([]uint8{0, 0, 6, 17}).Draw(t, "protocol")}
		s.Start, _ = netip.AddrFromSlice(start)
		s.End, _ = netip.AddrFromSlice(end)
		switch rapid.IntRange(0, 4).Draw(t, "ports") {
		case 0:
			s.StartPort, s.EndPort = spd.OpaqueStart, spd.OpaqueEnd
		case 1:
			s.StartPort = rapid.Uint16Range(0, 8).Draw(t, "port")
			s.EndPort = rapid.Uint16Range(s.StartPort, 9).Draw(t, "last port")
		}
		return s
	})
}

func TestNarrowingIsASubsetOfBothAndEmptyOnlyWhenItMustBe(t *testing.T) {
	lists := rapid.SliceOfN(selectorGen(), 1, 6)
	rapid.Check(t, func(t *rapid.T) {
		offered, policy := lists.Draw(t, "offered"), lists.Draw(t, "policy")
		got := narrow(offered, policy)
		if !spd.Covers(offered, got) || !spd.Covers(policy, got) {
			t.Fatalf("narrow(%v, %v) = %v is no subset of both", offered, policy, got)
		}
		common := false
		for _, o := range offered {
			for _, p := range policy {
				both, ok := o.Intersect(p)
				common = common || ok
				if ok && !spd.Covers(got, []spd.Selector{both}) {
					t.Fatalf("narrow(%v, %v) = %v lacks %v", offered, policy, got, both)
				}
			}
		}
		if common != (len(got) > 0) {
			t.Fatalf("narrow(%v, %v) = %v", offered, policy, got)
		}
	})
}

func TestFirstChoiceOfTheInitiatorIsKept(t *testing.T) {
	lists := rapid.SliceOfN(selectorGen(), 1, 4)
	rapid.Check(t, func(t *rapid.T) {
		tsi, tsr := lists.Draw(t, "tsi"), lists.Draw(t, "tsr")
		policyI, policyR := lists.Draw(t, "policy of i"), lists.Draw(t, "policy of r")
		i, r := narrow(tsi, policyI), narrow(tsr, policyR)
		fits := fitOf(tsi, tsr, policyI, policyR)
		if first := spd.Covers(policyI, tsi[:1]) && spd.Covers(policyR, tsr[:1]); first && fits < fitFirst {
			t.Fatalf("fit %d although the first choice %v === %v is allowed", fits, tsi[0], tsr[0])
		}
		switch fits {
		case fitNone:
			if len(i) > 0 && len(r) > 0 {
				t.Fatalf("refused although %v === %v is possible", i, r)
			}
		case fitWhole:
			if !spd.Covers(i, tsi) || !spd.Covers(r, tsr) {
				t.Fatalf("narrowed although all of it is allowed (RFC 7296, Section 2.9)")
			}
		case fitFirst:
			if !spd.Covers(i, tsi[:1]) || !spd.Covers(r, tsr[:1]) {
				t.Fatalf("narrowed to %v === %v without the first choice %v === %v", i, r, tsi[0], tsr[0])
			}
		}
	})
}

func TestSelectorsSurviveTheWire(t *testing.T) {
	lists := rapid.SliceOfN(selectorGen(), 1, 8)
	rapid.Check(t, func(t *rapid.T) {
		list := lists.Draw(t, "selectors")
		got := selectorsOf([]wire.Payload{tsPayload(wire.PayloadTSr, list)}, wire.PayloadTSr)
		if !slices.Equal(got, list) {
			t.Fatalf("%v became %v", list, got)
		}
		if len(selectorsOf([]wire.Payload{tsPayload(wire.PayloadTSr, list)}, wire.PayloadTSi)) != 0 {
			t.Fatal("TSr is taken for TSi")
		}
	})
}

func TestUnknownSelectorsAreSkipped(t *testing.T) {
	ts := tsPayload(wire.PayloadTSi, selectors(t, "10.1.0.0/16"))
	ts.Selectors = slices.Insert(ts.Selectors, 0, wire.TrafficSelector{TSType: 9, Raw: []byte{1, 2}})
	if got := selectorsOf([]wire.Payload{ts}, wire.PayloadTSi); len(got) != 1 || got[0].String() != "10.1.0.0/16" {
		t.Errorf("got %v", got)
	}
}

func TestPayloadHoldsNoMoreSelectorsThanItCanCount(t *testing.T) {
	list := make([]spd.Selector, 300)
	for i := range list {
		list[i] = spd.Host(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(2 * i)}))
	}
	if n := len(tsPayload(wire.PayloadTSi, list).Selectors); n != maxSelectors {
		t.Errorf("%d selectors", n)
	}
}

func TestBestFittingChildIsChosen(t *testing.T) {
	child := func(name, local, remote string) *ChildConfig {
		c := netChild(t, local, remote)
		c.Name = name
		return c
	}
	tests := []struct{ name, offer, want string }{
		{"the one that allows all of it", "10.1.5.0/24", "wide"},
		{"the one that allows the first choice", "10.1.7.7/32 10.1.8.0/24 10.8.0.0/16", "special"},
		{"the first of those that allow a part", "10.0.0.0/8", "elsewhere"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newChildLab(t, func(a, b *Connection) {
				a.Children = []*ChildConfig{child("offer", "10.1.0.0/16", "10.2.0.0/16")}
				a.Children[0].Local = selectors(t, strings.Fields(tt.offer)...)
				b.Children = []*ChildConfig{child("elsewhere", "10.2.0.0/16", "10.8.0.0/16"), child("special", "10.2.0.0/16", "10.1.7.0/24"),
					child("wide", "10.2.0.0/16", "10.1.0.0/16")}
			})
			if got := l.child(l.b).config.Name; got != tt.want {
				t.Errorf("child %q", got)
			}
			answer := strings.Join(l.b.messages(NewsMessageSent), "\n")
			if more := strings.Contains(answer, "ADDITIONAL_TS_POSSIBLE"); more != (tt.want != "wide") {
				t.Errorf("ADDITIONAL_TS_POSSIBLE %t: %s", more, answer)
			}
		})
	}
}

func TestRekeyedChildIsNeverNarrower(t *testing.T) {
	l := oneChild(t, nil)
	reduced := *l.b.env.Connections.list[0]
	reduced.Children = []*ChildConfig{netChild(t, "10.2.5.0/24", "10.1.0.0/16")}
	l.command(l.b, Reconfigure{Connection: &reduced})
	l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
	if got := l.negotiated(l.a); got != "10.1.0.0/16 === 10.2.0.0/16" {
		t.Errorf("the rekeyed child has %s (RFC 7296, Section 2.9.2)", got)
	}
}

func TestSinglePairs(t *testing.T) {
	flow := spd.Flow{Source: netip.MustParseAddr("10.1.0.5"), Destination: netip.MustParseAddr("10.2.0.9"), Protocol: 6, SourcePort: 4000, DestinationPort: 80}
	single := func(a, b *Connection) { b.Children[0].SinglePair = true }
	child := func(a, b *Connection) {
		a.Children, b.Children = []*ChildConfig{netChild(t, "10.1.0.0/16", "10.2.0.0/16")}, []*ChildConfig{netChild(t, "10.2.0.0/16", "10.1.0.0/16")}
		single(a, b)
	}
	l := newChildLab(t, child)
	if f := l.a.failure(t, NewsFailure); f.Code != explain.IKESinglePair || f.Notify != wire.NotifySinglePairRequired {
		t.Errorf("without a packet: failure %v", f)
	}
	l.command(l.a, CreateChild{Child: l.sa(l.a).conn.Children[0], Trigger: &flow})
	if got := l.negotiated(l.a); got != "10.1.0.5 === 10.2.0.9" {
		t.Errorf("with a packet: %s", got)
	}
	if !strings.Contains(l.b.lastMessage(), "ADDITIONAL_TS_POSSIBLE") {
		t.Errorf("answer %s", l.b.lastMessage())
	}
}

func TestPairIsOfferedToAPeerThatWantsOne(t *testing.T) {
	flow := spd.Flow{Source: netip.MustParseAddr("10.1.0.5"), Destination: netip.MustParseAddr("10.2.0.9"), Protocol: 6, SourcePort: 4000, DestinationPort: 80}
	l := oneChild(t, nil)
	l.holding = true
	l.command(l.a, CreateChild{Child: l.sa(l.a).conn.Children[0], Trigger: &flow})
	l.intercept(l.b, errorAnswer(wire.NotifySinglePairRequired))
	l.intercept(l.b, func(request []wire.Payload) []wire.Payload {
		tsi, tsr := selectorsOf(request, wire.PayloadTSi), selectorsOf(request, wire.PayloadTSr)
		if !spd.Covers(selectors(t, "10.1.0.5"), tsi) || !spd.Covers(selectors(t, "10.2.0.9"), tsr) {
			t.Errorf("second request for %v === %v", tsi, tsr)
		}
		return errorAnswer(wire.NotifySinglePairRequired)(request)
	})
	if len(l.held) != 0 {
		t.Error("a third request")
	}
}

func TestTriggeringPacketComesFirst(t *testing.T) {
	flow := spd.Flow{Source: netip.MustParseAddr("10.1.0.5"), Destination: netip.MustParseAddr("10.2.0.9"), Protocol: 17, SourcePort: 4000, DestinationPort: 53}
	ping := spd.Flow{Source: flow.Source, Destination: flow.Destination, Protocol: 1, SourcePort: 0x800, DestinationPort: 0x800}
	for _, tt := range []struct {
		flow     spd.Flow
		tsi, tsr string
	}{{flow, "10.1.0.5[udp/4000]", "10.2.0.9[udp/53]"}, {ping, "10.1.0.5[icmp]", "10.2.0.9[icmp]"}} {
		l := oneChild(t, nil)
		l.holding = true
		l.command(l.a, CreateChild{Child: l.sa(l.a).conn.Children[0], Trigger: &tt.flow})
		l.intercept(l.b, func(request []wire.Payload) []wire.Payload {
			tsi, tsr := selectorsOf(request, wire.PayloadTSi), selectorsOf(request, wire.PayloadTSr)
			if len(tsi) != 2 || tsi[0].String() != tt.tsi || tsr[0].String() != tt.tsr || tsi[1].String() != "10.1.0.0/16" {
				t.Errorf("offer %v === %v", tsi, tsr)
			}
			return errorAnswer(wire.NotifyTSUnacceptable)(request)
		})
	}
}
