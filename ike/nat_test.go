package ike

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/wire"
)

// A router translates addresses between two nodes of a testNet.
type router struct {
	n       *testNet
	outside map[netip.AddrPort]netip.AddrPort // inside -> outside
}

// natInFrontOf puts a router before a node. It maps every port of the node to one of its own.
func natInFrontOf(n *testNet, inside *testNode, outside netip.Addr) *router {
	r := &router{n: n, outside: map[netip.AddrPort]netip.AddrPort{}}
	n.route = func(from *testNode, path dataplane.Path) (*testNode, dataplane.Path) {
		arrived := reverse(path)
		if from == inside {
			arrived.Remote = r.mapping(path.Local, outside)
			return n.nodeAt(path.Remote.Addr()), arrived
		}
		for in, out := range r.outside {
			if out == path.Remote {
				arrived.Local = in
				return inside, arrived
			}
		}
		return nil, arrived
	}
	return r
}

func (r *router) mapping(in netip.AddrPort, outside netip.Addr) netip.AddrPort {
	out, ok := r.outside[in]
	if !ok {
		out = netip.AddrPortFrom(outside, uint16(40000+len(r.outside)))
		r.outside[in] = out
	}
	return out
}

// rebind has the router forget its mappings and take other ports.
func (r *router) rebind(port uint16) {
	for in, out := range r.outside {
		r.outside[in] = netip.AddrPortFrom(out.Addr(), out.Port()+port)
	}
}

var natAddr = mustAddrPort("203.0.113.7:0").Addr()

func TestNATInFrontOfTheInitiator(t *testing.T) {
	n, a, b := gateways(t, nil)
	natInFrontOf(n, a, natAddr)
	n.do(a, initiate(a))
	sa, sb := a.only(t), b.only(t)
	if !sa.peer.weBehindNAT || sa.peer.behindNAT || sb.peer.weBehindNAT || !sb.peer.behindNAT {
		t.Errorf("a sees %+v, b sees %+v", sa.peer, sb.peer)
	}
	if got, want := sa.path, (dataplane.Path{Local: mustAddrPort("192.0.2.1:4500"), Remote: mustAddrPort("192.0.2.2:4500")}); got != want {
		t.Errorf("a's path is %v, want port 4500 (RFC 7296, Section 2.23)", got)
	}
	if got, want := sb.path, (dataplane.Path{Local: mustAddrPort("192.0.2.2:4500"), Remote: mustAddrPort("203.0.113.7:40001")}); got != want {
		t.Errorf("b's path is %v, want where IKE_AUTH came from", got)
	}
	for _, x := range []*SA{sa, sb} {
		if x.espPath().Transport != dataplane.TransportUDP {
			t.Error("ESP is not encapsulated")
		}
	}
}

func TestNoNATMeansRawESPOnPort500(t *testing.T) {
	_, a, b := connected(t, nil)
	for _, x := range []*SA{a.only(t), b.only(t)} {
		if x.path.Local.Port() != 500 || x.espPath().Transport != dataplane.TransportRaw {
			t.Errorf("path %v, ESP by %v", x.path, x.espPath().Transport)
		}
	}
}

func TestForcedEncapsulation(t *testing.T) {
	for _, tt := range []struct {
		name string
		a, b bool
	}{{"initiator", true, false}, {"responder", false, true}, {"both", true, true}} {
		t.Run(tt.name, func(t *testing.T) {
			_, a, b := connected(t, func(ca, cb *Connection) { ca.ForceEncap, cb.ForceEncap = tt.a, tt.b })
			sa, sb := a.only(t), b.only(t)
			if sa.espPath().Transport != dataplane.TransportUDP || sb.espPath().Transport != dataplane.TransportUDP {
				t.Error("ESP is not encapsulated on both sides")
			}
			if sa.path.Local.Port() != 4500 || sb.path.Remote.Port() != 4500 {
				t.Errorf("paths %v and %v", sa.path, sb.path)
			}
			if sa.peer.behindNAT != tt.b || sb.peer.behindNAT != tt.a || sa.peer.weBehindNAT || sb.peer.weBehindNAT {
				t.Errorf("a sees %+v, b sees %+v", sa.peer, sb.peer)
			}
		})
	}
}

func TestInitiatorLeavesPort500WhereThatIsWished(t *testing.T) {
	_, a, b := connected(t, func(ca, cb *Connection) { ca.AlwaysNATPort = true })
	sa, sb := a.only(t), b.only(t)
	for _, x := range []dataplane.Path{sa.path, reverse(sb.path)} {
		if x.Local.Port() != 4500 || x.Remote.Port() != 4500 {
			t.Errorf("path %v", x)
		}
	}
	if sa.espPath().Transport != dataplane.TransportRaw || sb.espPath().Transport != dataplane.TransportRaw {
		t.Error("ESP is encapsulated, and there is no NAT")
	}
	unaware := &SA{env: &Env{}, conn: sa.conn, path: testPath()}
	unaware.floatPort()
	if unaware.path != testPath() {
		t.Errorf("path %v to a peer without NAT traversal", unaware.path)
	}
}

func TestPeerOnItsOwnPortStaysThere(t *testing.T) {
	sa := &SA{env: &Env{}, conn: &Connection{}, path: dataplane.Path{Local: mustAddrPort("192.0.2.1:1500"), Remote: mustAddrPort("192.0.2.2:1500")}}
	sa.peer.encap, sa.env.Gateway.NATTPort = true, 14500
	sa.floatPort()
	if sa.path.Local.Port() != 14500 || sa.path.Remote.Port() != 1500 {
		t.Errorf("path %v", sa.path)
	}
}

func TestOneOfSeveralSourceHashesIsEnough(t *testing.T) {
	in := &inbound{Header: wire.Header{InitiatorSPI: 1}, path: reverse(testPath())}
	hash := func(s string) wire.Payload {
		return &wire.Notify{NotifyType: wire.NotifyNATDetectionSourceIP, Data: natHash(1, 0, mustAddrPort(s))}
	}
	for _, tt := range []struct {
		name      string
		list      []wire.Payload
		behindNAT bool
	}{
		{"none", nil, false},
		{"ours among others", []wire.Payload{hash("10.0.0.1:500"), hash("192.0.2.1:500"), hash("10.0.0.2:500")}, false},
		{"others only", []wire.Payload{hash("10.0.0.1:500"), hash("192.0.2.1:501")}, true},
		{"cut", []wire.Payload{&wire.Notify{NotifyType: wire.NotifyNATDetectionSourceIP, Data: natHash(1, 0, mustAddrPort("192.0.2.1:500"))[:19]}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sa := &SA{conn: &Connection{}}
			in.payloads = tt.list
			if sa.detectNAT(in); sa.peer.behindNAT != tt.behindNAT || sa.peer.encap != tt.behindNAT {
				t.Errorf("got %+v", sa.peer)
			}
		})
	}
}

func TestAddressFollowsAPeerBehindNAT(t *testing.T) {
	n, a, b := gateways(t, nil)
	r := natInFrontOf(n, a, natAddr)
	n.do(a, initiate(a))
	r.rebind(1000)
	sa := a.only(t)
	n.do(a, Command{SA: sa.LocalSPI(), Event: CheckLiveness{}})
	sb := b.only(t)
	if got := sb.path.Remote; got != mustAddrPort("203.0.113.7:41001") {
		t.Errorf("b sends to %v", got)
	}
	if len(b.of(NewsAddress)) != 1 || b.shard.peers[natAddr] != sb.LocalSPI() {
		t.Error("nobody is told of the new address")
	}
	if len(sa.requests.pending) != 0 {
		t.Error("the answer did not arrive")
	}
}

func TestOldMessageDoesNotTurnTheAddressBack(t *testing.T) {
	a, b, _ := newEchoPair(t)
	b.peer.behindNAT = true
	_, requests := ask(a, "one")
	deliver(b, requests[0])
	b.path.Remote = mustAddrPort("203.0.113.7:41001") // where the peer has moved meanwhile
	if sent := deliver(b, requests[0]); len(sent) != 1 || b.path.Remote != mustAddrPort("203.0.113.7:41001") {
		t.Errorf("a replay moved the SA to %v (RFC 7296, Section 2.23)", b.path.Remote)
	}
}

func TestAddressDoesNotFollow(t *testing.T) {
	for _, tt := range []struct {
		name         string
		behind, self bool
	}{{"a peer that is behind no NAT", false, false}, {"when we are behind one", true, true}} {
		t.Run(tt.name, func(t *testing.T) {
			a, b, _ := newEchoPair(t)
			b.peer.behindNAT, b.peer.weBehindNAT = tt.behind, tt.self
			_, requests := ask(a, "one")
			requests[0].Path.Local = mustAddrPort("203.0.113.7:41001")
			sent := deliver(b, requests[0])
			if b.path != reverse(testPath()) {
				t.Errorf("path %v", b.path)
			}
			if len(sent) != 1 || sent[0].Path.Remote != requests[0].Path.Local {
				t.Error("the answer does not go to where the request came from (RFC 7296, Section 2.23)")
			}
		})
	}
}

func TestKeepalive(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) { ca.Keepalive = 15 * time.Second })
	natInFrontOf(n, a, natAddr)
	n.do(a, initiate(a))
	a.actions, b.actions = nil, nil
	n.elapse(15*time.Second - 1)
	if len(a.actions) != 0 {
		t.Fatalf("too early: %v", a.actions)
	}
	n.elapse(10 * time.Second)
	n.do(a, Command{SA: a.only(t).LocalSPI(), Event: CheckLiveness{}})
	n.elapse(15*time.Second - 1)
	if got := keepalives(a); got != 1 {
		t.Errorf("%d keepalives after a message 15 s ago, want one in 40 s", got)
	}
	n.elapse(46 * time.Second)
	if got := keepalives(a); got != 5 {
		t.Errorf("%d keepalives, want one every 15 s", got)
	}
	if keepalives(b) != 0 {
		t.Error("the side without a NAT in front of it sends keepalives")
	}
}

func keepalives(x *testNode) (count int) {
	for _, a := range x.actions {
		if k, ok := a.(SendKeepalive); ok && k.Path.Local.Port() == 4500 {
			count++
		}
	}
	return count
}

func TestHashOfForcedEncapsulationFitsNoAddress(t *testing.T) {
	sa := &SA{env: testEnv(1), conn: &Connection{ForceEncap: true}, spiI: 5}
	list := sa.natDetection(testPath())
	if bytes.Equal(list[0].(*wire.Notify).Data, natHash(5, 0, testPath().Local)) || !bytes.Equal(list[1].(*wire.Notify).Data, natHash(5, 0, testPath().Remote)) {
		t.Error("the source hash is true, or the destination hash is not")
	}
}
