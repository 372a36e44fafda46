package netstack

import (
	"errors"
	"net"
	"net/netip"
	"testing"
)

// Programs end their loops by errors.Is(err, net.ErrClosed), with sockets of ours as with those of the kernel.
func TestClosedSocketsSayThatTheyAreClosed(t *testing.T) {
	for name, end := range map[string]func(west *Backend, closeSocket func() error) error{
		"closed itself":    func(_ *Backend, closeSocket func() error) error { return closeSocket() },
		"stack was closed": func(west *Backend, _ func() error) error { return west.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			wait := func(closeSocket func() error, west *Backend, read func() error) {
				t.Helper()
				failed := make(chan error, 1)
				go func() { failed <- read() }()
				must(t, end(west, closeSocket))
				if err := <-failed; !errors.Is(err, net.ErrClosed) {
					t.Errorf("got %v", err)
				}
				if err := read(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("again: %v", err)
				}
			}
			west, _ := pair(t)
			l, err := west.ListenTCP(netip.AddrPortFrom(netip.Addr{}, 80))
			must(t, err)
			wait(l.Close, west, func() error { _, err := l.Accept(); return err })
			west, _ = pair(t)
			p, err := west.ListenUDP(netip.AddrPortFrom(netip.Addr{}, 53))
			must(t, err)
			wait(p.Close, west, func() error { _, _, err := p.ReadFrom(make([]byte, 9)); return err })
			west, _ = pair(t)
			c, err := west.DialUDP(netip.AddrPortFrom(eastAddrs[0], 53))
			must(t, err)
			wait(c.Close, west, func() error { _, err := c.Read(make([]byte, 9)); return err })
		})
	}
}
