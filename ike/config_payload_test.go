package ike

import (
	"context"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"culvert/explain"
	"culvert/wire"
)

func addrs(texts ...string) []netip.Addr {
	var list []netip.Addr
	for _, t := range texts {
		list = append(list, netip.MustParseAddr(t))
	}
	return list
}

// admitter answers every admission with what a function says.
type admitter struct {
	admission Admission
	verdict   func(Admission) Verdict
}

func (a admitter) Run(context.Context) any { return a.verdict(a.admission) }

// client connects a client that asks for virtual addresses with a gateway that assigns as it is told.
func client(t testing.TB, wishes []netip.Addr, verdict func(Admission) Verdict) *childLab {
	t.Helper()
	n, a, b := gateways(t, func(a, b *Connection) {
		a.VirtualIPs, a.DNS = wishes, true
		a.Children = []*ChildConfig{netChild(t, "10.1.0.0/16", "0.0.0.0/0")}
		a.Children[0].Local, a.Children[0].Remote = nil, selectors(t, "0.0.0.0/0", "::/0")
		b.Pools = []string{"road warriors"}
		b.Children = []*ChildConfig{netChild(t, "10.1.0.0/16", "10.2.0.0/16")}
		b.Children[0].Local, b.Children[0].Remote = selectors(t, "10.2.0.0/16", "2001:db8:2::/48"), nil
	})
	b.env.Admit = func(ad Admission) Work { return admitter{ad, verdict} }
	l := newLabOf(t, n, a, b)
	l.do(a, initiate(a))
	return l
}

// assigns is a verdict of a gateway with an assignment.
func assigns(as Assignment) func(Admission) Verdict {
	return func(a Admission) Verdict {
		var leased []netip.Addr
		for _, p := range as.Addresses {
			leased = append(leased, p.Addr())
		}
		return Verdict{Addresses: leased, Reply: as.Reply(a.Request)}
	}
}

func TestClientGetsItsVirtualAddress(t *testing.T) {
	given := Assignment{Addresses: prefixes("10.9.0.7/32", "2001:db8:9::7/64"), DNS: addrs("10.2.0.53", "2001:db8:2::53"), Subnets: prefixes("10.2.0.0/16")}
	l := client(t, addrs("0.0.0.0", "::"), assigns(given))
	l.agree(1)
	if got := l.negotiated(l.a); got != "10.9.0.7 2001:db8:9::7 === 10.2.0.0/16 2001:db8:2::/48" {
		t.Errorf("client has %s", got)
	}
	if got := l.negotiated(l.b); got != "10.2.0.0/16 2001:db8:2::/48 === 10.9.0.7 2001:db8:9::7" {
		t.Errorf("gateway has %s", got)
	}
	if p := l.planes[l.a].policies[1]; !slices.Equal(p.VirtualIPs, given.Addresses) {
		t.Errorf("the policy brings %v to the interface", p.VirtualIPs)
	}
	news := l.a.of(NewsAssigned)
	if len(news) != 1 || !slices.Equal(news[0].Assigned.DNS, given.DNS) || !slices.Equal(news[0].Assigned.Subnets, given.Subnets) {
		t.Errorf("news %v", news)
	}
	l.lossless = true
	for _, command := range []Event{RekeyChild{SPI: l.child(l.a).inSPI}, RekeyIKE{}} {
		l.command(l.a, command)
		l.quiet()
	}
	l.command(l.b, RekeyChild{SPI: l.child(l.b).inSPI})
	l.quiet()
	l.agree(1)
	if got := l.negotiated(l.a); got != "10.9.0.7 2001:db8:9::7 === 10.2.0.0/16 2001:db8:2::/48" {
		t.Errorf("after rekeying the client has %s", got)
	}
}

func TestClientAsksForWhatItHad(t *testing.T) {
	l := client(t, addrs("0.0.0.0", "::", "10.9.0.99"), assigns(Assignment{}))
	sa := &SA{env: l.a.env, conn: l.a.env.Connections.list[0], initial: &initialState{wishes: addrs("2001:db8:9::7", "10.9.0.7")}}
	if got := RequestedAddresses(sa.configRequest()); !slices.Equal(got, addrs("10.9.0.7", "2001:db8:9::7", "10.9.0.99")) {
		t.Errorf("asks for %v", got)
	}
	sa.initial.wishes = nil
	if got := RequestedAddresses(sa.configRequest()); !slices.Equal(got, addrs("0.0.0.0", "::", "10.9.0.99")) {
		t.Errorf("at first asks for %v", got)
	}
	sa.conn = &Connection{DNS: true}
	if cp := sa.configRequest(); cp != nil {
		t.Errorf("a request without an address: %v (RFC 7296, Section 2.19)", cp)
	}
}

func TestClientWithoutAnAddress(t *testing.T) {
	refuses := func(notify wire.NotifyType, code explain.Code) func(Admission) Verdict {
		return func(Admission) Verdict { return Verdict{Refusal: refuse(code, notify, "no")} }
	}
	for name, tt := range map[string]struct {
		verdict func(Admission) Verdict
		code    explain.Code
	}{
		"pool is empty":         {refuses(wire.NotifyInternalAddressFailure, explain.IKENoAddress), explain.IKENoAddress},
		"no reply at all":       {func(Admission) Verdict { return Verdict{Addresses: addrs("10.9.0.7")} }, explain.IKENoAddress},
		"reply without address": {assigns(Assignment{DNS: addrs("10.2.0.53")}), explain.IKEAddressRequired},
	} {
		t.Run(name, func(t *testing.T) {
			l := client(t, addrs("0.0.0.0"), tt.verdict)
			l.quiet()
			l.agree(0)
			if f := l.a.failure(t, NewsFailure); f.Code != tt.code {
				t.Errorf("failure %v", f)
			}
			if l.sa(l.a).state != StateEstablished {
				t.Error("the IKE SA did not survive (RFC 7296, Section 3.15.4)")
			}
		})
	}
}

func TestPeerThatMustHaveAnAddressAndAsksForNone(t *testing.T) {
	l := client(t, nil, func(Admission) Verdict { return Verdict{} })
	if f := l.a.failure(t, NewsFailure); f.Notify != wire.NotifyFailedCPRequired {
		t.Errorf("failure %v", f)
	}
	l.agree(0)
}

func TestReplyThatWasNotAskedForIsIgnored(t *testing.T) {
	l := oneChild(t, nil)
	sa := l.sa(l.a)
	reply := Assignment{Addresses: prefixes("10.9.0.7/32")}.Reply(&wire.Configuration{ConfigType: wire.ConfigRequest,
		Attributes: []wire.Attribute{{Type: wire.AttrInternalIP4Address}}})
	sa.learnAssignment([]wire.Payload{reply})
	if sa.assigned != nil {
		t.Errorf("took %v", sa.assigned)
	}
}

func TestHostileReplies(t *testing.T) {
	four := func(octets ...byte) wire.Attribute {
		return wire.Attribute{Type: wire.AttrInternalIP4Address, Value: octets}
	}
	many := make([]wire.Attribute, 200)
	for i := range many {
		many[i] = wire.Attribute{Type: wire.AttrInternalIP4DNS, Value: []byte{10, 0, 0, byte(i + 1)}}
	}
	for name, tt := range map[string]struct {
		attributes []wire.Attribute
		want       Assignment
	}{
		"too short":           {[]wire.Attribute{four(10, 9, 0)}, Assignment{}},
		"too long":            {[]wire.Attribute{four(10, 9, 0, 1, 2)}, Assignment{}},
		"empty":               {[]wire.Attribute{four()}, Assignment{}},
		"unspecified":         {[]wire.Attribute{four(0, 0, 0, 0)}, Assignment{}},
		"multicast":           {[]wire.Attribute{four(224, 0, 0, 1)}, Assignment{}},
		"loopback":            {[]wire.Attribute{four(127, 0, 0, 1)}, Assignment{}},
		"broadcast":           {[]wire.Attribute{four(255, 255, 255, 255)}, Assignment{}},
		"twice":               {[]wire.Attribute{four(10, 9, 0, 1), four(10, 9, 0, 1)}, Assignment{Addresses: prefixes("10.9.0.1/32")}},
		"unknown attribute":   {[]wire.Attribute{{Type: 30000, Value: []byte{1}}, four(10, 9, 0, 1)}, Assignment{Addresses: prefixes("10.9.0.1/32")}},
		"IPv6 prefix too big": {[]wire.Attribute{{Type: wire.AttrInternalIP6Address, Value: append(netip.MustParseAddr("2001:db8::1").AsSlice(), 129)}}, Assignment{}},
		"IPv6 without length": {[]wire.Attribute{{Type: wire.AttrInternalIP6Address, Value: netip.MustParseAddr("2001:db8::1").AsSlice()}}, Assignment{Addresses: prefixes("2001:db8::1/128")}},
		"netmask":             {[]wire.Attribute{{Type: wire.AttrInternalIP4Netmask, Value: []byte{255, 255, 0, 0}}, four(10, 9, 0, 1)}, Assignment{Addresses: prefixes("10.9.0.1/32"), Subnets: prefixes("10.9.0.0/16")}},
		"netmask with holes":  {[]wire.Attribute{four(10, 9, 0, 1), {Type: wire.AttrInternalIP4Netmask, Value: []byte{255, 0, 255, 0}}}, Assignment{Addresses: prefixes("10.9.0.1/32")}},
		"subnet with holes":   {[]wire.Attribute{{Type: wire.AttrInternalIP4Subnet, Value: []byte{10, 0, 0, 0, 0, 255, 0, 0}}}, Assignment{}},
		"IPv6 DNS of 4":       {[]wire.Attribute{{Type: wire.AttrInternalIP6DNS, Value: []byte{1, 2, 3, 4}}}, Assignment{}},
	} {
		got := assignmentOf(&wire.Configuration{ConfigType: wire.ConfigReply, Attributes: tt.attributes})
		if !slices.Equal(got.Addresses, tt.want.Addresses) || !slices.Equal(got.DNS, tt.want.DNS) || !slices.Equal(got.Subnets, tt.want.Subnets) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := assignmentOf(&wire.Configuration{ConfigType: wire.ConfigReply, Attributes: many}); len(got.DNS) != maxAssigned {
		t.Errorf("%d DNS servers taken", len(got.DNS))
	}
}

func TestNoMoreAddressesThanAskedForAreTaken(t *testing.T) {
	l := client(t, addrs("0.0.0.0"), assigns(Assignment{Addresses: prefixes("10.9.0.7/32", "10.9.0.8/32")}))
	if got := l.sa(l.a).assigned.Addresses; !slices.Equal(got, prefixes("10.9.0.7/32")) {
		t.Errorf("took %v", got)
	}
}

func TestHostileRequestsForAddresses(t *testing.T) {
	var attributes []wire.Attribute
	for range 1000 {
		attributes = append(attributes, wire.Attribute{Type: wire.AttrInternalIP4Address})
	}
	attributes = append([]wire.Attribute{{Type: wire.AttrInternalIP4Address, Value: []byte{1}}, {Type: wire.AttrInternalIP6Address, Value: make([]byte, 16)},
		{Type: wire.AttrInternalIP4Address, Value: []byte{224, 0, 0, 9}}, {Type: wire.AttrInternalIP4DNS}}, attributes...)
	got := RequestedAddresses(&wire.Configuration{ConfigType: wire.ConfigRequest, Attributes: attributes})
	if len(got) != 2*maxAssigned || got[0] != netip.IPv6Unspecified() || got[1] != netip.IPv4Unspecified() {
		t.Errorf("%d wishes: %v", len(got), got[:2])
	}
	if got := RequestedAddresses(&wire.Configuration{ConfigType: wire.ConfigReply, Attributes: attributes}); got != nil {
		t.Errorf("a reply asks for %v", got)
	}
	if RequestedAddresses(nil) != nil || (Assignment{}).Reply(nil) != nil {
		t.Error("no request is no wish and gets no reply")
	}
}

func TestAssignmentsSurviveTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		octets := func(n int, label string) []byte { return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, label) }
		four := append([]byte{10}, octets(3, "four")...)
		six := append([]byte{0x20, 1}, octets(14, "six")...)
		addr4, _ := netip.AddrFromSlice(four)
		addr6, _ := netip.AddrFromSlice(six)
		as := Assignment{Addresses: []netip.Prefix{netip.PrefixFrom(addr4, 32), netip.PrefixFrom(addr6, rapid.IntRange(0, 128).Draw(t, "bits"))},
			DNS:     []netip.Addr{addr4, addr6},
			Subnets: []netip.Prefix{netip.PrefixFrom(addr4, rapid.IntRange(0, 32).Draw(t, "net4")).Masked(), netip.PrefixFrom(addr6, rapid.IntRange(0, 128).Draw(t, "net6")).Masked()},
			Others:  []wire.Attribute{{Type: wire.AttrInternalIP4NBNS, Value: four}, {Type: wire.AttrInternalDNSDomain, Value: []byte("corp.example.org")}}}
		request := &wire.Configuration{ConfigType: wire.ConfigRequest, Attributes: []wire.Attribute{{Type: wire.AttrInternalIP4Address},
			{Type: wire.AttrInternalIP6Address}, {Type: wire.AttrInternalIP4DNS}, {Type: wire.AttrInternalIP6DNS}}}
		got := assignmentOf(as.Reply(request))
		if !slices.Equal(got.Addresses, as.Addresses) || !slices.Equal(got.DNS, as.DNS) || !slices.Equal(got.Subnets, as.Subnets) || !reflect.DeepEqual(got.Others, as.Others) {
			t.Fatalf("%+v became %+v", as, got)
		}
	})
}

// A gateway that tells too much, or too long things, does not fill our memory; what is kept is not the message's.
func TestOtherAttributesAreBounded(t *testing.T) {
	long := wire.Attribute{Type: 4, Value: make([]byte, maxOther+1)}
	reply := &wire.Configuration{ConfigType: wire.ConfigReply, Attributes: []wire.Attribute{long}}
	for range 1000 {
		reply.Attributes = append(reply.Attributes, wire.Attribute{Type: 4, Value: []byte{10, 1, 0, 7}})
	}
	got := assignmentOf(reply)
	reply.Attributes[1].Value[0] = 99
	if len(got.Others) != maxAssigned || len(got.Others[0].Value) != 4 || got.Others[0].Value[0] != 10 {
		t.Errorf("%d attributes, %v", len(got.Others), got.Others[0])
	}
}

func TestNetmaskGoesWithAnIPv4AddressAlone(t *testing.T) {
	mask := wire.Attribute{Type: wire.AttrInternalIP4Netmask, Value: []byte{255, 255, 255, 0}}
	for addr, want := range map[string]int{"10.9.0.7/32": 1, "2001:db8::7/128": 0} {
		as := Assignment{Addresses: prefixes(addr), Others: []wire.Attribute{mask}}
		reply := as.Reply(&wire.Configuration{ConfigType: wire.ConfigRequest, Attributes: []wire.Attribute{
			{Type: wire.AttrInternalIP4Address}, {Type: wire.AttrInternalIP6Address}}})
		if got := assignmentOf(reply).Subnets; len(got) != want {
			t.Errorf("with %s: %v", addr, got)
		}
	}
}
