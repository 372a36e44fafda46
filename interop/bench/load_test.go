package bench_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/ike"
)

// A generator is the initiator of many IKE SAs with one child each: the engine with real sockets and real cryptography,
// and no data plane. It runs in the goroutine of the test; whatever it costs, it costs both responders alike.
type generator struct {
	testing.TB
	shard    *ike.Shard
	sockets  map[uint16]*net.UDPConn // by our port
	received chan ike.MessageReceived
	began    []time.Time // by ticket
	latency  []time.Duration
	waiting  int // handshakes under way
}

// Ports of IKE (RFC 7296, Section 2) and the octets that tell IKE from ESP on the second one (RFC 3948, Section 2.2).
const (
	portIKE = 500
	portNAT = 4500
	marker  = "\x00\x00\x00\x00"
)

// newGenerator returns a generator with the sockets given, which it closes when the test ends.
func newGenerator(t testing.TB, ike500, nat4500 *net.UDPConn) *generator {
	g := &generator{TB: t, received: make(chan ike.MessageReceived, 4096)}
	g.sockets = map[uint16]*net.UDPConn{portIKE: ike500, portNAT: nat4500}
	for port, conn := range g.sockets {
		go g.read(port, conn)
		t.Cleanup(func() { _ = conn.Close() })
	}
	return g
}

// read hands over what arrives at a port until its socket is closed.
func (g *generator) read(port uint16, conn *net.UDPConn) {
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	buf := make([]byte, 1<<16)
	for {
		n, remote, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		message, isIKE := buf[:n], true
		if port == portNAT {
			message, isIKE = bytes.CutPrefix(message, []byte(marker))
		}
		if isIKE {
			path := dataplane.Path{Local: local, Remote: remote}
			g.received <- ike.MessageReceived{Path: path, Datagram: bytes.Clone(message)}
		}
	}
}

// run forgets the SAs of an earlier run, brings up one IKE SA for each connection, as many at a time as parallel says, and
// returns how long all of it took.
func (g *generator) run(remote netip.Addr, connections []*ike.Connection, parallel int) time.Duration {
	g.Helper()
	g.forget()
	path := g.path(remote)
	start := time.Now()
	for len(g.latency) < len(connections) {
		for g.waiting < parallel && len(g.began) < len(connections) {
			g.initiate(path, connections[len(g.began)])
		}
		g.step()
	}
	return time.Since(start)
}

// forget forgets all SAs.
func (g *generator) forget() {
	var policies atomic.Uint32
	g.shard = ike.NewShard(0, &ike.Env{
		Rand: rand.Reader, SPIs: new(counter), Connections: ike.NewConnections(),
		NewPolicy: func() dataplane.PolicyID { return dataplane.PolicyID(policies.Add(1)) },
		Admit:     func(ike.Admission) ike.Work { return admitted{} },
	})
	g.began, g.latency, g.waiting = nil, nil, 0
}

// path is the way to a responder.
func (g *generator) path(remote netip.Addr) dataplane.Path {
	return dataplane.Path{
		Local:  g.sockets[portIKE].LocalAddr().(*net.UDPAddr).AddrPort(),
		Remote: netip.AddrPortFrom(remote, portIKE),
	}
}

// beside brings up IKE SAs one after another until something else is done, and returns how long each took. Those that are up
// are kept up.
func (g *generator) beside(remote netip.Addr, connections func(i int) *ike.Connection, pause time.Duration, other func()) []time.Duration {
	g.Helper()
	done, first, path := make(chan struct{}), len(g.latency), g.path(remote)
	go func() {
		defer close(done)
		other()
	}()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-done:
			for g.waiting > 0 {
				g.step()
			}
			return slices.Clone(g.latency[first:])
		case ev := <-g.received:
			g.handle(ev)
		case <-tick.C:
			g.handle(ike.TimerDue{})
			if g.waiting == 0 {
				g.initiate(path, connections(len(g.began)))
			}
		}
	}
}

func (g *generator) initiate(path dataplane.Path, c *ike.Connection) {
	g.waiting++
	g.began = append(g.began, time.Now())
	g.handle(ike.Initiate{Connection: c, Path: path, Children: c.Children, Ticket: uint64(len(g.began))})
}

// step waits for one message or timer and handles it.
func (g *generator) step() {
	g.Helper()
	const patience = time.Minute
	select {
	case ev := <-g.received:
		g.handle(ev)
	case <-time.After(min(patience, max(0, time.Until(g.shard.Deadline())))):
		g.handle(ike.TimerDue{})
	}
}

// handle has the shard handle an event, with all that follows from it.
func (g *generator) handle(ev ike.Event) {
	g.Helper()
	for _, a := range g.shard.Handle(time.Now(), ev) {
		switch a := a.(type) {
		case ike.Send:
			g.send(a)
		case ike.StartWork:
			g.handle(ike.WorkFinished{SA: a.SA, Work: a.ID, Result: work(a.Work)})
		case ike.Report:
			g.note(a.News)
		}
	}
}

func work(w ike.Work) any {
	if v, ok := w.(auth.Verify); ok {
		v.Now = time.Now()
		w = v
	}
	return w.Run(context.Background())
}

func (g *generator) send(s ike.Send) {
	g.Helper()
	port := s.Path.Local.Port()
	for _, d := range s.Datagrams {
		if port == portNAT {
			d = append([]byte(marker), d...)
		}
		if _, err := g.sockets[port].WriteToUDPAddrPort(d, s.Path.Remote); err != nil {
			g.Fatal(err)
		}
	}
}

// note takes the time of children that come up. Any failure ends the test: a handshake that fails costs less.
func (g *generator) note(n ike.News) {
	g.Helper()
	switch n.Kind {
	case ike.NewsChildUp:
		g.waiting--
		g.latency = append(g.latency, n.Time.Sub(g.began[n.Ticket-1]))
	case ike.NewsFailure, ike.NewsClosed, ike.NewsChildDown:
		g.Fatalf("after %d handshakes: %v: %v", len(g.latency), n.Kind, n.Failure)
	}
}

// A counter hands out SPIs.
type counter uint32

// AllocateSPI is that of ike.SPIAllocator; the first 256 are reserved (RFC 4303, Section 2.1).
func (c *counter) AllocateSPI(int) (uint32, error) {
	*c++
	return uint32(*c) + 0xff, nil
}

// ReleaseSPI does nothing: there are enough.
func (c *counter) ReleaseSPI(uint32) {}

// admitted is the work of a peer whom everybody may reach.
type admitted struct{}

// Run answers with an ike.Verdict.
func (admitted) Run(context.Context) any { return ike.Verdict{} }
