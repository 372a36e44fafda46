package ike

import (
	"net/netip"
	"slices"
	"testing"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/wire"
)

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func names(seq func(func(*Connection) bool)) []string {
	var list []string
	for c := range seq {
		list = append(list, c.Name)
	}
	return list
}

func peerNamed(name, id string, remote ...string) *Connection {
	c := &Connection{Name: name, RemoteAddrs: prefixes(remote...), RemoteAuth: []auth.Remote{{}}}
	if id != "" {
		c.RemoteAuth[0].ID = fqdn(id)
	}
	return c
}

func TestConnectionsForAddresses(t *testing.T) {
	local := peerNamed("at one address", "", "192.0.2.0/24")
	local.LocalAddrs = prefixes("198.51.100.1/32")
	cs := NewConnections(peerNamed("any", ""), peerNamed("net", "", "192.0.2.0/24"), peerNamed("host", "", "192.0.2.7/32", "2001:db8::7/128"),
		peerNamed("v6", "", "2001:db8::/32"), local, peerNamed("unmasked", "", "10.1.2.3/8"))
	for _, tt := range []struct {
		local, remote string
		want          []string
	}{
		{"198.51.100.2", "192.0.2.7", []string{"host", "net", "any"}},
		{"198.51.100.1", "192.0.2.8", []string{"net", "at one address", "any"}},
		{"198.51.100.2", "::ffff:192.0.2.7", []string{"host", "net", "any"}},
		{"198.51.100.2", "203.0.113.1", []string{"any"}},
		{"2001:db8:1::1", "2001:db8::7", []string{"host", "v6", "any"}},
		{"198.51.100.2", "10.200.0.1", []string{"unmasked", "any"}},
	} {
		got := names(cs.ForPath(pathBetween(netip.MustParseAddr(tt.local), netip.MustParseAddr(tt.remote))))
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s at %s: got %q, want %q", tt.remote, tt.local, got, tt.want)
		}
	}
}

func TestConnectionsForIdentity(t *testing.T) {
	cs := NewConnections(peerNamed("anybody", ""), peerNamed("exact", "gw.example.org"), peerNamed("pattern", "*.example.org"), peerNamed("other", "gw.example.net"))
	for _, tt := range []struct {
		id   string
		want []string
	}{
		{"gw.example.org", []string{"exact", "anybody", "pattern"}},
		{"GW.example.ORG", []string{"exact", "anybody", "pattern"}},
		{"x.example.org", []string{"anybody", "pattern"}},
		{"nobody", []string{"anybody"}},
	} {
		if got := names(cs.ForIdentity(fqdn(tt.id))); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.id, got, tt.want)
		}
	}
}

func TestConnectionsAreFoundByName(t *testing.T) {
	c := peerNamed("office", "")
	cs := NewConnections(peerNamed("home", ""), c)
	if got, ok := cs.Find("office"); !ok || got != c {
		t.Errorf("found %v", got)
	}
	if _, ok := cs.Find("nowhere"); ok {
		t.Error("found what is not there")
	}
}

func pathBetween(local, remote netip.Addr) dataplane.Path {
	return dataplane.Path{Local: netip.AddrPortFrom(local, portIKE), Remote: netip.AddrPortFrom(remote, portIKE)}
}

func TestConnectionsForTransports(t *testing.T) {
	var list []*Connection
	for name, transport := range map[string]Transport{"udp": TransportUDP, "tcp": TransportTCP, "auto": TransportAuto} {
		c := peerNamed(name, "")
		c.Transport = transport
		list = append(list, c)
	}
	cs := NewConnections(list...)
	for transport, want := range map[dataplane.Transport][]string{
		dataplane.TransportUDP: {"auto", "udp"}, dataplane.TransportTCP: {"auto", "tcp"},
	} {
		path := pathBetween(addrA, addrB)
		path.Transport = transport
		if got := slices.Sorted(slices.Values(names(cs.ForPath(path)))); !slices.Equal(got, want) {
			t.Errorf("transport %d: %q", transport, got)
		}
	}
}

func TestNoConnectionsAtAll(t *testing.T) {
	var cs *Connections
	if len(names(cs.ForPath(pathBetween(addrA, addrB)))) != 0 || len(names(cs.ForIdentity(fqdn("x")))) != 0 {
		t.Error("nothing holds something")
	}
	if _, ok := cs.Find("x"); ok {
		t.Error("nothing holds a name")
	}
}

// TestConnectionIsSelectedByIdentity has one peer meet a responder with many connections.
func TestConnectionIsSelectedByIdentity(t *testing.T) {
	base := func(name string, change func(*Connection)) *Connection {
		c := pskConnection(t, "b.example", "a.example")
		c.Name = name
		change(c)
		return c
	}
	remote := func(id string) func(*Connection) { return func(c *Connection) { c.RemoteAuth[0].ID = fqdn(id) } }
	anybody := base("anybody", func(c *Connection) { c.RemoteAuth[0].ID = auth.Identity{} })
	exact, pattern, stranger := base("exact", remote("a.example")), base("pattern", remote("*.example")), base("stranger", remote("x.example"))
	otherUs := base("other us", func(c *Connection) { c.LocalAuth[0].ID = fqdn("bb.example") })
	otherAddress := base("other address", func(c *Connection) { c.RemoteAddrs = prefixes("10.0.0.0/8") })
	near := base("near", func(c *Connection) { c.RemoteAddrs = prefixes("192.0.2.0/24") })
	otherSuite := base("other suite", func(c *Connection) { c.Proposals = nil })
	signature := base("signature", func(c *Connection) { c.RemoteAuth[0].Method = auth.MethodPublicKey })
	for _, tt := range []struct {
		name string
		list []*Connection
		want string
	}{
		{"exact before pattern before any", []*Connection{anybody, pattern, exact}, "exact"},
		{"pattern before any", []*Connection{anybody, stranger, pattern}, "pattern"},
		{"the one that IDr means", []*Connection{otherUs, exact}, "exact"},
		{"IDr that fits none", []*Connection{otherUs}, "other us"},
		{"address must fit", []*Connection{otherAddress, anybody}, "anybody"},
		{"nearer address", []*Connection{exact, near}, "near"},
		{"algorithms must fit", []*Connection{otherSuite, pattern}, "pattern"},
		{"method that the peer uses", []*Connection{signature, exact}, "exact"},
		{"first of equals", []*Connection{exact, base("twin", func(*Connection) {})}, "exact"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sa := &SA{env: &Env{Connections: NewConnections(tt.list...)}, path: reverse(testPath()), initial: &initialState{}}
			sa.suite.Proposal = exact.Proposals[0]
			a := &authentication{sa: sa, steps: []authStep{func(*authentication) error { return nil }}, in: &inbound{payloads: nil}}
			a.in.payloads = append(a.in.payloads, fqdn("a.example").Payload(wire.PayloadIDi), fqdn("b.example").Payload(wire.PayloadIDr), pskProof())
			if err := a.selectPeer(); err != nil || sa.conn.Name != tt.want {
				t.Errorf("selected %v, %v", sa.conn, err)
			}
		})
	}
}

func pskProof() *wire.Auth { return &wire.Auth{Method: wire.AuthSharedKey, Data: make([]byte, 32)} }
