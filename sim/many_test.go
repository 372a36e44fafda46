package sim

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/ike"
	"culvert/internal/heapuse"
	"culvert/secret"
	"culvert/spd"
	"culvert/wire"
)

// A multitude is many IKE SAs, each with a child and an identity of its own, between two nodes.
type multitude struct {
	*Lab
	a, b  *Node
	conns []*ike.Connection // of a
}

// newMultitude configures everything; nothing is up yet. number tells several of them apart.
func newMultitude(number, size int) *multitude {
	m := &multitude{Lab: New(uint64(number))}
	m.a, m.b = m.NewNode("a", addrA), m.NewNode("b", addrB)
	psk := auth.NewSecrets(auth.Secret{PSK: secret.Bytes("the key that all clients share")})
	gateway := auth.Identity{Type: wire.IDFQDN, Data: "gateway.example"}
	everybody := auth.Identity{Type: wire.IDFQDN, Data: "*.clients.example"}
	inside := []spd.Selector{spd.Prefix(netip.MustParsePrefix("10.0.0.0/8"))}
	outside := []spd.Selector{spd.Prefix(netip.MustParsePrefix("100.64.0.0/10"))}
	idle := func(c *ike.Connection) *ike.Connection {
		c.DPDDelay, c.Limits.Children = 0, 1
		return c
	}
	m.b.Configure(idle(roaming("gateway", gateway, everybody, psk, outside, inside)))
	for i := range size {
		name := binary.BigEndian.AppendUint32(nil, uint32(i))
		client := auth.Identity{Type: wire.IDFQDN, Data: string("abcdefghijklmnop"[name[1]>>4]) + hex(name) + ".clients.example"}
		host := []spd.Selector{spd.Host(netip.AddrFrom4([4]byte{10, name[1], name[2], name[3]}))}
		m.conns = append(m.conns, idle(roaming("client", client, gateway, psk, host, outside)))
	}
	m.a.Bare = true
	m.a.Start()
	m.b.Start()
	return m
}

func hex(b []byte) string {
	const digits = "0123456789abcdef"
	var out []byte
	for _, o := range b {
		out = append(out, digits[o>>4], digits[o&15])
	}
	return string(out)
}

// establish brings everything up, a few at a time, and lets what only the beginning needs be forgotten.
func (m *multitude) establish() {
	path := dataplane.Path{Local: at(addrA, portIKE), Remote: at(addrB, portIKE)}
	for i, c := range m.conns {
		m.a.handle(m.a.core.shards[0], ike.Initiate{Connection: c, Path: path, Children: c.Children})
		if i%16 == 0 {
			m.Run(time.Millisecond)
		}
	}
	m.Run(5 * time.Minute)
}

// forget drops the laboratory's own notes, which a daemon does not have.
func (m *multitude) forget() {
	for _, n := range m.Nodes() {
		n.core.book, n.core.account = newBook(), newAccount()
	}
}

// A hundred thousand IKE SAs, each with a child, in one process, and a hundred thousand at their other ends, with no more heap
// for each than they need now and a tenth.
func TestHundredThousandSAs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	const size, parts = 100000, 4 // as many on every machine: how full tables are depends on it
	const mostInitiator, mostResponder = 4600, 5400
	var all []*multitude
	for i := range parts {
		all = append(all, newMultitude(i, size/parts))
	}
	before, begun := heapuse.Octets(), time.Now()
	var wg sync.WaitGroup
	for _, m := range all {
		wg.Go(m.establish)
	}
	wg.Wait()
	t.Logf("%d IKE SAs and children at each end in %v", size, time.Since(begun).Round(time.Second))
	up := 0
	for _, m := range all {
		m.forget()
		up += m.a.core.shards[0].Len()
		if a, b := m.a.core.plane.Census(), m.b.core.plane.Census(); a != b || a.Inbound != size/parts {
			t.Errorf("data planes hold %+v and %+v", a, b)
		}
	}
	if up != size {
		t.Fatalf("%d IKE SAs are up", up)
	}
	both := heapuse.Octets()
	for _, m := range all {
		m.b.core = nil
	}
	initiators := heapuse.Octets()
	for _, m := range all {
		m.a.core.plane.Close()
	}
	engine := heapuse.Octets()
	each := func(octets int) int { return octets / size }
	initiator, responder := each(initiators-before), each(both-initiators)
	t.Logf("octets of heap for an IKE SA with its child: %d as initiator, %d as responder; %d of those of an initiator are the data plane's",
		initiator, responder, each(initiators-engine))
	if initiator > mostInitiator || responder > mostResponder {
		t.Errorf("more than %d and %d octets for an IKE SA with its child", mostInitiator, mostResponder)
	}
	runtime.KeepAlive(all)
}
