package sim

import (
	"fmt"
	"net/netip"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/esp"
	"culvert/ike"
	"culvert/secret"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// Terms are what two nodes agree on. The zero value is one child in tunnel mode between IPv4 networks, which comes up when
// somebody asks for it.
type Terms struct {
	IKE, ESP string // proposals; empty: the fastest there are
	Children int    // 0 is 1
	Mode     esp.Mode
	Inner6   bool // IPv6 networks behind the nodes
	Start    ike.StartAction
	// Change has the last word on both connections; Child on the children of both.
	Change func(*ike.Connection)
	Child  func(*ike.ChildConfig)
}

// Proposals of a laboratory: what is fast.
const (
	fastIKE = "aes128gcm16-prfsha256-x25519"
	fastESP = "aes128gcm16"
	// FastPFS is fastESP with a key exchange of each child's own.
	FastPFS = "aes128gcm16-x25519"
)

// Retransmit, liveness and reconnection of the laboratory are those of an impatient operator: a dead peer is found within a
// minute.
func impatient(c *ike.Connection) {
	c.Retransmit = ike.Retransmit{Timeout: time.Second, Base: 1.5, Max: 8 * time.Second, Jitter: 10, Tries: 6}
	c.DPDDelay = 20 * time.Second
	c.Reconnect = ike.Reconnect{KeepUp: true, Delay: 2 * time.Second, MaxDelay: 20 * time.Second}
}

// Marry configures both nodes for each other, and returns the name of the connection. Nodes are known by their names.
func (l *Lab) Marry(a, b *Node, t Terms) string {
	name := a.Name + "-" + b.Name
	a.Configure(append(a.conns, l.connection(name, a, b, t))...)
	b.Configure(append(b.conns, l.connection(name, b, a, t))...)
	return name
}

func (l *Lab) connection(name string, own, peer *Node, t Terms) *ike.Connection {
	psk := auth.NewSecrets(auth.Secret{Name: name, PSK: secret.Bytes("the pre-shared key of " + name)})
	c := &ike.Connection{
		Name:           name,
		LocalAuth:      []auth.Local{{ID: identity(own), Method: auth.MethodPSK, Secrets: psk}},
		RemoteAuth:     []auth.Remote{{ID: identity(peer), Method: auth.MethodPSK, Secrets: psk}},
		Proposals:      []wire.Proposal{proposal(wire.ProtocolIKE, t.IKE, fastIKE)},
		RemoteAddrs:    peer.reachable(own),
		InitialContact: true,
	}
	impatient(c)
	for i := range max(t.Children, 1) {
		c.Children = append(c.Children, l.child(i, own, peer, t))
	}
	if t.Change != nil {
		t.Change(c)
	}
	return c
}

// reachable are the addresses that a peer is configured with: those of a node, or any when it hides behind a NAT.
func (n *Node) reachable(from *Node) []netip.Prefix {
	if n.behind != nil {
		return nil
	}
	a := n.addrs[0]
	if from.Addr(a) == (Address{}) {
		a = n.Addr(from.addrs[0])
	}
	return []netip.Prefix{netip.PrefixFrom(a, a.BitLen())}
}

func identity(n *Node) auth.Identity {
	return auth.Identity{Type: wire.IDFQDN, Data: n.Name + ".example"}
}

// proposal reads a proposal of the laboratory, which are known to be right.
func proposal(protocol wire.ProtocolID, text, otherwise string) wire.Proposal {
	if text == "" {
		text = otherwise
	}
	p, err := suite.ParseProposal(protocol, text)
	if err != nil {
		panic(fmt.Sprintf("proposal %q of the laboratory: %v", text, err))
	}
	p.Number = 1
	return p
}

func (l *Lab) child(i int, own, peer *Node, t Terms) *ike.ChildConfig {
	c := &ike.ChildConfig{Name: fmt.Sprintf("c%d", i), Proposals: []wire.Proposal{proposal(wire.ProtocolESP, t.ESP, fastESP)},
		Mode: t.Mode, ReplayWindow: 64, Start: t.Start, Block: true, DF: dataplane.DFCopy}
	if t.Mode == esp.Tunnel {
		c.Local = []spd.Selector{spd.Prefix(l.inside(own, i, t.Inner6))}
		c.Remote = []spd.Selector{spd.Prefix(l.inside(peer, i, t.Inner6))}
	} else {
		c.Local, c.Remote = []spd.Selector{{EndPort: 65535}}, []spd.Selector{{EndPort: 65535}}
	}
	if t.Child != nil {
		t.Child(c)
	}
	return c
}

// inside is the network behind a node for one of its children.
func (l *Lab) inside(n *Node, child int, six bool) netip.Prefix {
	site := byte(place(l, n) + 1)
	if six {
		return netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, site, 0, byte(child)}), 32)
	}
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, site, byte(child), 0}), 24)
}

// Host is a host in the network behind a node.
func (l *Lab) Host(n *Node, child int, six bool) netip.AddrPort {
	return at(l.inside(n, child, six).Addr().Next(), 4000+uint16(child))
}
