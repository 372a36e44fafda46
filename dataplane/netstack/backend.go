package netstack

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"culvert/dataplane"
	"culvert/dataplane/user"
	"culvert/esp"
	"culvert/spd"
)

// ErrMode refuses what needs the host's own addresses on the packets.
var ErrMode = errors.New("only tunnel mode works without privileges, as the addresses of the host are not the stack's")

// ErrRaw refuses ESP without UDP or TCP around it, which needs CAP_NET_RAW: the peer knows no NAT traversal.
var ErrRaw = errors.New("the peer wants ESP without UDP around it, which needs privileges: it has to allow NAT traversal (RFC 3948)")

// Config says how to set a Backend up.
type Config struct {
	MTU int // of the stack's interface; 0 is what fits the paths of the SAs, as it is found out
	// Addresses the stack has from the beginning, besides those that policies bring.
	Addresses []netip.Addr
}

// defaultMTU is that of the interface before there is an SA: it fits ESP in UDP over IPv6 with most transforms.
const defaultMTU = 1400

// drainPatience is how long the end of connections may take to leave.
const drainPatience = time.Second

// A Backend carries SAs and policies between the network and a stack of its own. It is safe for concurrent use.
type Backend struct {
	*user.Backend
	link     *link
	stack    *stack.Stack
	plumber  *plumber
	outbound atomic.Int64 // SAs
}

// New makes a stack and begins to carry what policies ask for. Packets leave through n; what arrives is given to HandleESP.
func New(c Config, n dataplane.Network) (*Backend, error) {
	l := newLink(cmp.Or(c.MTU, defaultMTU))
	s, err := newStack(l)
	if err != nil {
		return nil, fmt.Errorf("data plane: %w", err)
	}
	p := newPlumber(s)
	for _, a := range c.Addresses {
		if err := p.addresses.take(a); err != nil {
			s.Destroy()
			return nil, fmt.Errorf("data plane: %w", err)
		}
	}
	b := &Backend{Backend: user.Over(l, p, n), link: l, stack: s, plumber: p}
	if c.MTU == 0 {
		b.Follow(l)
	}
	return b, nil
}

// Install is that of dataplane.Backend.
func (b *Backend) Install(sa dataplane.SA) error {
	switch {
	case sa.Mode != esp.Tunnel:
		return fmt.Errorf("data plane: SA %08x: %w", sa.SPI, ErrMode)
	case sa.Path.Transport == dataplane.TransportRaw:
		return fmt.Errorf("data plane: SA %08x: %w", sa.SPI, ErrRaw)
	}
	err := b.Backend.Install(sa)
	if err == nil && sa.Direction == dataplane.Outbound {
		b.outbound.Add(1)
	}
	return err
}

// Remove is that of dataplane.Backend.
func (b *Backend) Remove(d dataplane.Direction, spi uint32, id dataplane.PolicyID) (dataplane.Counters, error) {
	if d == dataplane.Outbound {
		if _, err := b.Query(d, spi, id); err == nil {
			b.outbound.Add(-1)
		}
	}
	return b.Backend.Remove(d, spi, id)
}

// SetPolicy is that of dataplane.Backend.
func (b *Backend) SetPolicy(p dataplane.Policy) error {
	if p.Action == spd.Protect && p.Mode == esp.Transport {
		return fmt.Errorf("data plane: %s: %w", p.Name, ErrMode)
	}
	return b.Backend.SetPolicy(p)
}

// Up reports whether anything can leave: an SA is there.
func (b *Backend) Up() bool { return b.outbound.Load() > 0 }

// Addresses lists those that the stack has, IPv4 first.
func (b *Backend) Addresses() []netip.Addr {
	b.plumber.mu.Lock()
	defer b.plumber.mu.Unlock()
	return b.plumber.addresses.all()
}

// Abort ends every connection and listener. While a tunnel is up the other ends are told.
func (b *Backend) Abort() {
	for _, e := range b.stack.RegisteredEndpoints() {
		e.Abort()
	}
	b.link.drain(drainPatience)
}

// Close ends every connection and listener, and removes everything that the backend made.
func (b *Backend) Close() error {
	b.Abort()
	err := b.Backend.Close()
	b.stack.Destroy()
	return err
}
