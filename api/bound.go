package api

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// The limits of connections over the network. Whoever opens more is hung up on, and nobody else notices.
const (
	mostConnections     = 512
	mostConnectionsEach = 64 // of one address
	mostStreamsEach     = 64 // of one caller
)

// The limits of connections with the Unix socket, for each user of the host. Where it is open to all of them, those without a role
// have few, and take none from the others.
const (
	mostLocal         = 2048
	mostLocalEach     = 256
	mostStrangers     = 64
	mostStrangersEach = 8
)

// A counter counts what is in use, by whom.
type counter struct {
	most, each int

	mu    sync.Mutex
	all   int
	users map[string]int
}

func newCounter(most, each int) *counter {
	return &counter{most: most, each: each, users: map[string]int{}}
}

// take reports whether somebody may use one more; give returns it.
func (c *counter) take(who string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= c.most || c.users[who] >= c.each {
		return false
	}
	c.all++
	c.users[who]++
	return true
}

func (c *counter) give(who string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.users[who]--; c.users[who] == 0 {
		delete(c.users, who)
	}
}

// bound limits the connections of a listener of the network.
func bound(l net.Listener) net.Listener {
	used := newCounter(mostConnections, mostConnectionsEach)
	return &boundListener{l, func(c net.Conn) (*counter, string) {
		who := c.RemoteAddr().String()
		if a, err := netip.ParseAddrPort(who); err == nil {
			who = a.Addr().String()
		}
		return used, who
	}}
}

// boundPage limits the connections of the page, for each user of this host: nobody uses up those of others.
func boundPage(l net.Listener) net.Listener {
	used := newCounter(mostLocal, mostConnectionsEach)
	return &boundListener{l, func(c net.Conn) (*counter, string) { return used, ownerOf(c) }}
}

// boundLocal limits the connections of a Unix socket.
func (s *Server) boundLocal(l net.Listener) net.Listener {
	known, strangers := newCounter(mostLocal, mostLocalEach), newCounter(mostStrangers, mostStrangersEach)
	return &boundListener{l, func(c net.Conn) (*counter, string) {
		conn, ok := c.(*net.UnixConn)
		if !ok {
			return known, ""
		}
		p, err := peerOf(conn)
		if err != nil || s.access.Load().local(p) == Nobody {
			return strangers, fmt.Sprint("uid ", p.uid)
		}
		return known, fmt.Sprint("uid ", p.uid)
	}}
}

type boundListener struct {
	net.Listener
	whose func(net.Conn) (*counter, string) // who is counted where
}

func (b *boundListener) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		used, who := b.whose(c)
		if used.take(who) {
			return &boundConn{Conn: c, who: who, end: sync.OnceFunc(func() { used.give(who) })}, nil
		}
		c.Close()
	}
}

type boundConn struct {
	net.Conn
	who string // it is counted for
	end func()
}

func (c *boundConn) Close() error {
	defer c.end()
	return c.Conn.Close()
}
