package conformance

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"culvert/auth"
	"culvert/esp"
	"culvert/ike"
	"culvert/secret"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// What the programme calls the common configuration. It dates from 2010 and has 3DES, SHA-1 and group 2 where we have what
// RFC 8247 wants today.
const (
	baseIKE   = "aes128-sha256-x25519"
	baseESP   = "aes128-sha256"
	sharedKey = "IKETEST123!abcdefgh"
)

// A scene is what stands on both ends of the IKE SA: the networks of both sides, seen from the node under test, and a host
// on each that the other one pings.
type scene struct {
	name          string // as in the items: EN or SGW
	mode          esp.Mode
	local, remote netip.Prefix
	here, there   netip.Addr
	protocol      uint8 // of the selectors; 0 is any
}

func nutAddr() netip.Addr    { return netip.MustParseAddr("2001:db8::1") }
func testerAddr() netip.Addr { return netip.MustParseAddr("2001:db8::f") }

func host(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

func behindNUT() (netip.Prefix, netip.Addr) {
	return netip.MustParsePrefix("2001:db8:1::/64"), netip.MustParseAddr("2001:db8:1::5")
}

func behindTester() (netip.Prefix, netip.Addr) {
	return netip.MustParsePrefix("2001:db8:f::/64"), netip.MustParseAddr("2001:db8:f::6")
}

// endNode is the scene of two hosts in transport mode.
func endNode() scene {
	return scene{name: "EN", mode: esp.Transport, local: host(nutAddr()), remote: host(testerAddr()), here: nutAddr(), there: testerAddr()}
}

// gateway is the scene of two gateways with a network behind each.
func gateway() scene {
	local, here := behindNUT()
	remote, there := behindTester()
	return scene{name: "SGW", local: local, remote: remote, here: here, there: there}
}

// endNodeToGateway is the scene of a host that tunnels to the tester's network.
func endNodeToGateway() scene {
	remote, there := behindTester()
	return scene{name: "EN", local: host(nutAddr()), remote: remote, here: nutAddr(), there: there}
}

// gatewayToEndNode is the scene of a gateway to whose network the tester tunnels, as a host.
func gatewayToEndNode() scene {
	local, here := behindNUT()
	return scene{name: "SGW", local: local, remote: host(testerAddr()), here: here, there: testerAddr()}
}

// both runs a test in the scenes of the first group.
func both(t *testing.T, test func(t *testing.T, s scene)) {
	in(t, test, endNode(), gateway())
}

// tunnels runs a test in the scenes of the second group, between a host and a gateway.
func tunnels(t *testing.T, test func(t *testing.T, s scene)) {
	in(t, test, endNodeToGateway(), gatewayToEndNode())
}

func in(t *testing.T, test func(t *testing.T, s scene), scenes ...scene) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) { test(t, s) })
	}
}

// A change makes a test's own configuration of the common one.
type change func(*ike.Connection)

// connection is the common configuration of the node under test.
func (s scene) connection(t testing.TB, changes ...change) *ike.Connection {
	t.Helper()
	c := &ike.Connection{
		Name:       "tester",
		LocalAuth:  []auth.Local{{Method: auth.MethodPSK, Secrets: secrets(secret.Bytes(sharedKey))}},
		RemoteAuth: []auth.Remote{{ID: auth.AddressIdentity(testerAddr()), Method: auth.MethodPSK, Secrets: secrets(secret.Bytes(sharedKey))}},
		Proposals:  proposals(t, wire.ProtocolIKE, baseIKE),
		Retransmit: ike.Retransmit{Timeout: time.Second, Base: 2, Tries: 3},
		Children: []*ike.ChildConfig{{
			Name: "child", Mode: s.mode, ReplayWindow: 64, Proposals: proposals(t, wire.ProtocolESP, baseESP),
			Local: []spd.Selector{s.selector(s.local)}, Remote: []spd.Selector{s.selector(s.remote)},
		}},
	}
	for _, change := range changes {
		change(c)
	}
	return c
}

// selector is that of a network in the scene.
func (s scene) selector(p netip.Prefix) spd.Selector {
	all := spd.Prefix(p)
	all.Protocol = s.protocol
	return all
}

func secrets(psk secret.Bytes) *auth.Secrets {
	return auth.NewSecrets(auth.Secret{Name: "tester", PSK: psk})
}

func proposals(t testing.TB, protocol wire.ProtocolID, words ...string) []wire.Proposal {
	t.Helper()
	list, err := suite.ParseProposals(protocol, words)
	if err != nil {
		t.Fatal(err)
	}
	list = slices.Clone(list)
	for i := range list {
		list[i].Number = uint8(i + 1)
	}
	return list
}

// offersIKE and offersESP configure proposals of the node under test.
func offersIKE(t testing.TB, words ...string) change {
	list := proposals(t, wire.ProtocolIKE, words...)
	return func(c *ike.Connection) { c.Proposals = list }
}

func offersESP(t testing.TB, words ...string) change {
	list := proposals(t, wire.ProtocolESP, words...)
	return func(c *ike.Connection) { c.Children[0].Proposals = list }
}
