package api

import (
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

// bound limits the connections of a listener.
func bound(l net.Listener) net.Listener {
	return &boundListener{l, newCounter(mostConnections, mostConnectionsEach)}
}

type boundListener struct {
	net.Listener
	used *counter
}

func (b *boundListener) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		who := c.RemoteAddr().String()
		if a, err := netip.ParseAddrPort(who); err == nil {
			who = a.Addr().String()
		}
		if b.used.take(who) {
			return &boundConn{Conn: c, end: sync.OnceFunc(func() { b.used.give(who) })}, nil
		}
		c.Close()
	}
}

type boundConn struct {
	net.Conn
	end func()
}

func (c *boundConn) Close() error {
	defer c.end()
	return c.Conn.Close()
}
