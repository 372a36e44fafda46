package proxy

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

const (
	maxDatagram = 1 << 16
	// maxNames bounds the names that an association remembers, maxLookups those that it looks up at a time; datagrams to
	// others are lost meanwhile, as datagrams may be.
	maxNames   = 64
	maxLookups = 8
)

// An association passes datagrams between a client and the network, until the client closes the connection that it was
// asked for on (RFC 1928, Section 7).
type association struct {
	server  *Server
	client  *net.UDPConn
	network net.PacketConn
	host    netip.Addr                     // the client may send from
	sender  atomic.Pointer[netip.AddrPort] // where it did so first
	lookups chan struct{}                  // has room for those that run

	mu    sync.Mutex
	names map[string]netip.Addr
}

// associate is UDP ASSOCIATE.
func (s *Server) associate(ctx context.Context, c net.Conn) {
	local, remote := addrPort(c.LocalAddr()).Addr(), addrPort(c.RemoteAddr()).Addr()
	client, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, 0)))
	if err != nil {
		_ = reply(c, replyFailure, nil)
		return
	}
	defer client.Close()
	network, err := s.Network.ListenPacket("udp", ":0")
	if err != nil {
		_ = reply(c, replyCode(err), nil)
		return
	}
	defer network.Close()
	if reply(c, replyDone, client.LocalAddr()) != nil {
		return
	}
	a := &association{server: s, client: client, network: network, host: remote.Unmap(), lookups: make(chan struct{}, maxLookups), names: map[string]netip.Addr{}}
	a.run(ctx, c)
}

// run passes datagrams until the client closes its connection or ctx ends.
func (a *association) run(ctx context.Context, c net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	var workers sync.WaitGroup
	defer workers.Wait()
	workers.Go(func() { a.out(ctx, &workers) })
	workers.Go(a.in)
	_, _ = io.Copy(io.Discard, c) // nothing is said there any more; the end is what counts
	cancel()
	_, _ = a.client.Close(), a.network.Close()
}

// out takes datagrams of the client to the network.
func (a *association) out(ctx context.Context, workers *sync.WaitGroup) {
	b := make([]byte, maxDatagram)
	for {
		n, from, err := a.client.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		to, payload, ok := parseDatagram(b[:n])
		if !ok || !a.admits(netip.AddrPortFrom(from.Addr().Unmap(), from.Port())) {
			continue
		}
		if addr := a.known(to); addr.IsValid() {
			a.send(addr, to.port, payload)
			continue
		}
		select {
		case a.lookups <- struct{}{}:
			payload := bytes.Clone(payload)
			workers.Go(func() { a.lookUp(ctx, to, payload) })
		default:
		}
	}
}

// admits tells whether a datagram comes from the client: from its host, and from the port that it used first.
func (a *association) admits(from netip.AddrPort) bool {
	if from.Addr() != a.host {
		return false
	}
	a.sender.CompareAndSwap(nil, &from)
	return *a.sender.Load() == from
}

// known is the address of a destination, if it needs no look-up.
func (a *association) known(to destination) netip.Addr {
	if to.name == "" {
		return to.addr
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.names[to.name]
}

// lookUp finds the address of a name and sends what waited for it.
func (a *association) lookUp(ctx context.Context, to destination, payload []byte) {
	defer func() { <-a.lookups }()
	ctx, cancel := context.WithTimeout(ctx, a.server.limits().Dial)
	defer cancel()
	addrs, err := a.server.Network.LookupNetIP(ctx, "ip", to.name)
	if err != nil {
		a.server.report(to.String(), err)
		return
	}
	a.mu.Lock()
	if len(a.names) >= maxNames {
		clear(a.names)
	}
	a.names[to.name] = addrs[0]
	a.mu.Unlock()
	a.send(addrs[0], to.port, payload)
}

// send is for datagrams, which may be lost.
func (a *association) send(addr netip.Addr, port uint16, payload []byte) {
	_, _ = a.network.WriteTo(payload, net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, port)))
}

// in takes datagrams of the network to the client, once it is known where that listens.
func (a *association) in() {
	b, framed := make([]byte, maxDatagram), make([]byte, 0, maxDatagram)
	for {
		n, from, err := a.network.ReadFrom(b)
		if err != nil {
			return
		}
		if to := a.sender.Load(); to != nil {
			framed = append(appendAddress(append(framed[:0], 0, 0, 0), addrPort(from)), b[:n]...)
			_, _ = a.client.WriteToUDPAddrPort(framed, *to)
		}
	}
}

// parseDatagram reads the header of a client's datagram. Those in fragments are dropped (RFC 1928, Section 7):
//
//	| 0 (2) | fragment (1) | address type (1) | address | port (2) | data |
func parseDatagram(b []byte) (to destination, payload []byte, ok bool) {
	if len(b) < 4 || b[2] != 0 {
		return to, nil, false
	}
	r := bytes.NewReader(b[3:])
	to, err := readDestination(r)
	if err != nil {
		return to, nil, false
	}
	return to, b[len(b)-r.Len():], true
}
