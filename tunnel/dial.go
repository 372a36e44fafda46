package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// DialContext connects through the tunnel, as net.Dialer.DialContext does: network is tcp, tcp4, tcp6, udp, udp4 or udp6,
// and address a host with a port. Names are looked up through the tunnel, and their addresses tried one after the other.
// The end of the context ends the attempt, not the connection.
func (t *Tunnel) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := t.dial(ctx, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: target{network, address}, Err: t.reason(err)}
	}
	return conn, nil
}

// Dial is DialContext without end.
func (t *Tunnel) Dial(network, address string) (net.Conn, error) {
	return t.DialContext(context.Background(), network, address)
}

func (t *Tunnel) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := split(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if err := t.ready(ctx); err != nil {
		return nil, err
	}
	addrs, err := t.LookupNetIP(ctx, family(network), host)
	if err != nil {
		return nil, err
	}
	return t.first(ctx, network, addrs, port)
}

// first tries addresses one after the other and returns the first connection, or what the first of them failed of. Each has
// its share of the time that is left.
func (t *Tunnel) first(ctx context.Context, network string, addrs []netip.Addr, port uint16) (net.Conn, error) {
	var failed error
	for i, a := range addrs {
		attempt, cancel := share(ctx, len(addrs)-i)
		conn, err := t.dialAddr(attempt, network, netip.AddrPortFrom(a, port))
		cancel()
		if err == nil {
			return conn, nil
		}
		if failed == nil {
			failed = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// share returns a context that ends with one of n shares of the time that is left.
func share(ctx context.Context, n int) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok || n < 2 {
		return ctx, func() {}
	}
	left := time.Until(end)
	return context.WithDeadline(ctx, time.Now().Add(left/time.Duration(n)))
}

// dialAddr connects to one address.
func (t *Tunnel) dialAddr(ctx context.Context, network string, to netip.AddrPort) (net.Conn, error) {
	if strings.HasPrefix(network, "udp") {
		return t.plane.DialUDP(to)
	}
	return t.plane.DialTCP(ctx, to)
}

// reason is what a person is told of an error after Close: that, whatever else it looks like.
func (t *Tunnel) reason(err error) error {
	select {
	case <-t.closed:
		return net.ErrClosed
	default:
		return err
	}
}

// Listen waits for connections from behind the gateway, as net.Listen does: network is tcp, tcp4 or tcp6. The host of the
// address is empty, for all our addresses in the tunnel, or one of them.
func (t *Tunnel) Listen(network, address string) (net.Listener, error) {
	at, err := t.local(network, "tcp", address)
	if err == nil {
		var l net.Listener
		if l, err = t.plane.ListenTCP(at); err == nil {
			return l, nil
		}
	}
	return nil, &net.OpError{Op: "listen", Net: network, Addr: target{network, address}, Err: t.reason(err)}
}

// ListenPacket is Listen for datagrams: network is udp, udp4 or udp6.
func (t *Tunnel) ListenPacket(network, address string) (net.PacketConn, error) {
	at, err := t.local(network, "udp", address)
	if err == nil {
		var c net.PacketConn
		if c, err = t.plane.ListenUDP(at); err == nil {
			return c, nil
		}
	}
	return nil, &net.OpError{Op: "listen", Net: network, Addr: target{network, address}, Err: t.reason(err)}
}

// local reads an address to listen on.
func (t *Tunnel) local(network, protocol, address string) (netip.AddrPort, error) {
	var none netip.AddrPort
	if !strings.HasPrefix(network, protocol) {
		return none, net.UnknownNetworkError(network)
	}
	host, port, err := split(context.Background(), network, address)
	if err != nil {
		return none, err
	}
	if host == "" {
		return netip.AddrPortFrom(wildcard(network), port), nil
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return none, errors.New("an address to listen on is no name")
	}
	return netip.AddrPortFrom(a.Unmap(), port), nil
}

// wildcard is the address that stands for all of a network, invalid for both families.
func wildcard(network string) netip.Addr {
	switch family(network) {
	case "ip4":
		return netip.IPv4Unspecified()
	case "ip6":
		return netip.IPv6Unspecified()
	}
	return netip.Addr{}
}

// family is the network of addresses for a network of connections.
func family(network string) string {
	switch network[len(network)-1] {
	case '4':
		return "ip4"
	case '6':
		return "ip6"
	}
	return "ip"
}

// split takes an address of a network apart. Ports may have names.
func split(ctx context.Context, network, address string) (host string, port uint16, err error) {
	switch network {
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
	default:
		return "", 0, net.UnknownNetworkError(network)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	n, err := net.DefaultResolver.LookupPort(ctx, network, service) // from a table, not from the network
	if err != nil {
		return "", 0, err
	}
	if n < 0 || n > 65535 {
		return "", 0, fmt.Errorf("port %d is none", n)
	}
	return host, uint16(n), nil
}

// A target is an address as it was asked for.
type target struct{ network, address string }

func (a target) Network() string { return a.network }
func (a target) String() string  { return a.address }
