package conformance

import (
	"context"
	"net/netip"
	"testing"

	"culvert/ike"
	"culvert/lease"
	"culvert/spd"
	"culvert/wire"
)

// Internal addresses on a remote network (RFC 7296, Sections 2.19 and 3.15).

// dynamic is the selector of whatever address a side has.
func dynamic() []spd.Selector { return []spd.Selector{{EndPort: 65535}} }

func anyIPv6() *wire.TS {
	return selectors(wire.PayloadTSi, ts(spd.Prefix(netip.MustParsePrefix("::/0"))))
}

// given is an address of the tester's network.
func given() netip.Addr { return netip.MustParseAddr("2001:db8:f::77") }

func addressOf(a netip.Addr) wire.Attribute {
	return wire.Attribute{Type: wire.AttrInternalIP6Address, Value: append(a.AsSlice(), 128)}
}

// client is the scene of a host that asks for an address, and its configuration.
func client(t testing.TB) *lab {
	s := endNodeToGateway()
	l := newLab(t, s, func(c *ike.Connection) {
		c.VirtualIPs = []netip.Addr{netip.IPv6Unspecified()}
		c.Children[0].Local = dynamic()
	})
	l.scene.local, l.scene.here = host(given()), given()
	return l
}

// reply answers the client's IKE_AUTH request with a CFG_REPLY in front of the Child SA.
func (s *session) reply(request message, dirty bool, attributes ...wire.Attribute) *child {
	s.Helper()
	child, c := s.acceptChild(request.Payloads)
	proof := s.proof()
	if dirty {
		proof = s.dirtyProof()
	}
	payloads := append(append(proof, &wire.Configuration{ConfigType: wire.ConfigReply, Attributes: attributes}), child...)
	if dirty {
		s.dirtyAnswer(request, payloads...)
	} else {
		s.answer(request, payloads...)
	}
	return c
}

func TestClientAsksForAnAddress(t *testing.T) {
	t.Run("CFG_REQUEST", func(t *testing.T) {
		l := client(t)
		_, request := l.accepted()
		cp := find[*wire.Configuration](l, request.Payloads)
		if cp.ConfigType != wire.ConfigRequest || len(cp.Attributes) != 1 || cp.Attributes[0].Type != wire.AttrInternalIP6Address ||
			len(cp.Attributes[0].Value) != 0 {
			t.Errorf("configuration %+v", cp)
		}
		l.sameTS(findTS(l, request.Payloads, wire.PayloadTSi), anyIPv6())
	})
	t.Run("CFG_REPLY", func(t *testing.T) {
		l := client(t)
		se, request := l.accepted()
		c := se.reply(request, false, addressOf(given()))
		c.carries()
		l.sends(c)
		if got := l.nut.plane.Children(); len(got) != 1 || len(got[0].Policy.VirtualIPs) != 1 || got[0].Policy.VirtualIPs[0].Addr() != given() {
			t.Errorf("policies %+v", got)
		}
	})
	t.Run("reserved fields", func(t *testing.T) {
		l := client(t)
		se, request := l.accepted()
		se.reply(request, true, addressOf(given())).carries()
	})
	t.Run("unknown attributes", func(t *testing.T) {
		l := client(t)
		se, request := l.accepted()
		unknown := wire.Attribute{Type: 32767, Value: []byte{1, 2, 3}}
		se.reply(request, false, unknown, addressOf(given()), wire.Attribute{Type: 16384}).carries()
	})
	t.Run("no CFG_REPLY", func(t *testing.T) {
		l := client(t)
		se, request := l.accepted()
		child, c := se.acceptChild(request.Payloads)
		se.answer(request, append(se.proof(), child...)...)
		se.replaces(c) // nothing to do with a Child SA for an address that it does not have
		l.sends(nil)
		l.installed(0)
		se.alive()
	})
}

// An admit leases addresses as a gateway does.
type admit struct {
	l    *lab
	pool *lease.Pool
	ike.Admission
}

// Run returns an ike.Verdict.
func (a admit) Run(context.Context) any {
	wishes := ike.RequestedAddresses(a.Request)
	if len(wishes) == 0 {
		return ike.Verdict{}
	}
	got, err := a.pool.Acquire(a.l.now, lease.Request{Identity: a.Identity.String(), Want: wishes})
	if err != nil {
		a.l.Fatal(err)
	}
	as := ike.Assignment{Addresses: []netip.Prefix{host(got.Addr)}}
	return ike.Verdict{Addresses: []netip.Addr{got.Addr}, Reply: as.Reply(a.Request)}
}

// server is the scene of a gateway with addresses to lease.
func server(t testing.TB) *lab {
	l := newLab(t, gatewayToEndNode(), func(c *ike.Connection) {
		c.Pools = []string{"pool"}
		c.Children[0].Remote = dynamic()
	})
	first := netip.MustParseAddr("2001:db8:1::100")
	pool, err := lease.New(lease.Config{Name: "pool", Ranges: []lease.Range{{First: first, Last: netip.MustParseAddr("2001:db8:1::1ff")}}})
	if err != nil {
		t.Fatal(err)
	}
	l.nut.env.Admit = func(a ike.Admission) ike.Work { return admit{l, pool, a} }
	return l
}

// wishes returns a CFG_REQUEST.
func wishes(attributes ...wire.AttributeType) *wire.Configuration {
	cp := &wire.Configuration{ConfigType: wire.ConfigRequest}
	for _, t := range attributes {
		cp.Attributes = append(cp.Attributes, wire.Attribute{Type: t})
	}
	return cp
}

// leased sends IKE_AUTH with a CFG_REQUEST and returns the address that is leased, with a Child SA for it.
func (s *session) leased(cp *wire.Configuration, ask func(wire.ExchangeType, ...wire.Payload) []wire.Payload, proof []wire.Payload) (netip.Addr, *child) {
	s.Helper()
	o := s.offerChild()
	o.tsi = anyIPv6()
	answer := ask(wire.ExchangeAuth, append(append(proof, cp), o.payloads()...)...)
	s.verify(answer, wire.PayloadIDr)
	reply := find[*wire.Configuration](s.lab, answer)
	if reply.ConfigType != wire.ConfigReply || len(reply.Attributes) != 1 || reply.Attributes[0].Type != wire.AttrInternalIP6Address ||
		len(reply.Attributes[0].Value) != 17 || reply.Attributes[0].Value[16] != 128 {
		s.Fatalf("configuration %+v", reply)
	}
	addr := netip.AddrFrom16([16]byte(reply.Attributes[0].Value))
	if !netip.MustParsePrefix("2001:db8:1::100/120").Contains(addr) {
		s.Errorf("the address %v is not of the pool", addr)
	}
	c := o.complete(answer)
	s.sameTS(c.tsi, selectors(wire.PayloadTSi, ts(spd.Host(addr))))
	return addr, c
}

func TestGatewayLeasesAddresses(t *testing.T) {
	t.Run("CFG_REQUEST", func(t *testing.T) {
		se := server(t).opened()
		se.leased(wishes(wire.AttrInternalIP6Address), se.ask, se.proof())
	})
	t.Run("the Child SA is for the address", func(t *testing.T) {
		l := server(t)
		se := l.opened()
		addr, c := se.leased(wishes(wire.AttrInternalIP6Address), se.ask, se.proof())
		if c.tryPing(addr, l.scene.here) != c {
			t.Error("no answer to the leased address")
		}
		if c.tryPing(addr.Next(), l.scene.here) != nil {
			t.Error("an answer to another address")
		}
	})
	t.Run("reserved fields", func(t *testing.T) {
		se := server(t).opened()
		se.leased(wishes(wire.AttrInternalIP6Address), se.dirtyAsk, se.dirtyProof())
	})
	t.Run("no CFG_REQUEST", func(t *testing.T) {
		l := server(t)
		se := l.opened()
		answer := se.ask(wire.ExchangeAuth, append(se.proof(), se.offerChild().payloads()...)...)
		se.verify(answer, wire.PayloadIDr)
		if _, ok := wire.FindNotify(answer, wire.NotifyFailedCPRequired); !ok {
			t.Errorf("the answer is %v", types(answer))
		}
		l.installed(0)
		se.alive()
	})
	t.Run("several requests", func(t *testing.T) {
		l := server(t)
		first := l.opened()
		one, _ := first.leased(wishes(wire.AttrInternalIP6Address), first.ask, first.proof())
		second := l.opened()
		two, c := second.leased(wishes(wire.AttrInternalIP6Address, wire.AttrInternalIP6Address), second.ask, second.proof())
		if one == two {
			t.Errorf("%v is leased twice", one)
		}
		if c.tryPing(two, l.scene.here) != c {
			t.Error("no answer to the leased address")
		}
	})
}
