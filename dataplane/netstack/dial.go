package netstack

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// Keepalives find out that the other end of a connection is gone while nothing is sent.
const (
	keepaliveIdle     = tcpip.KeepaliveIdleOption(45 * time.Second)
	keepaliveInterval = tcpip.KeepaliveIntervalOption(15 * time.Second)
	keepaliveCount    = 8
)

// DialTCP connects to a host behind a tunnel. The end of the context ends the attempt, not the connection. The error is an
// *UnreachableError when no tunnel leads there.
func (b *Backend) DialTCP(ctx context.Context, remote netip.AddrPort) (net.Conn, error) {
	source, err := b.plumber.source(uint8(header.TCPProtocolNumber), remote)
	if err != nil {
		return nil, err
	}
	queue := new(waiter.Queue)
	e, problem := b.stack.NewEndpoint(tcp.ProtocolNumber, protocolOf(remote.Addr()), queue)
	if problem != nil {
		return nil, errnoOf(problem)
	}
	keepAlive(e)
	if err := connect(ctx, e, queue, netip.AddrPortFrom(source, 0), remote); err != nil {
		e.Close()
		return nil, err
	}
	return gonet.NewTCPConn(queue, e), nil
}

func keepAlive(e tcpip.Endpoint) {
	idle, interval := keepaliveIdle, keepaliveInterval
	e.SocketOptions().SetKeepAlive(true)
	_ = e.SetSockOpt(&idle) // cannot fail for TCP
	_ = e.SetSockOpt(&interval)
	_ = e.SetSockOptInt(tcpip.KeepaliveCountOption, keepaliveCount)
}

func connect(ctx context.Context, e tcpip.Endpoint, queue *waiter.Queue, local, remote netip.AddrPort) error {
	entry, writable := waiter.NewChannelEntry(waiter.WritableEvents | waiter.EventErr | waiter.EventHUp)
	queue.EventRegister(&entry)
	defer queue.EventUnregister(&entry)
	if problem := e.Bind(full(local)); problem != nil {
		return errnoOf(problem)
	}
	problem := e.Connect(full(remote))
	if _, begun := problem.(*tcpip.ErrConnectStarted); !begun {
		return errnoOf(problem)
	}
	select {
	case <-writable:
		return errnoOf(e.LastError())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errnoOf is an error of the stack as the kernel would have it.
func errnoOf(err tcpip.Error) error {
	if err == nil {
		return nil
	}
	switch err.(type) {
	case *tcpip.ErrConnectionRefused:
		return syscall.ECONNREFUSED
	case *tcpip.ErrConnectionReset:
		return syscall.ECONNRESET
	case *tcpip.ErrConnectionAborted, *tcpip.ErrAborted:
		return syscall.ECONNABORTED
	case *tcpip.ErrHostUnreachable, *tcpip.ErrHostDown:
		return syscall.EHOSTUNREACH
	case *tcpip.ErrNetworkUnreachable, *tcpip.ErrNoNet:
		return syscall.ENETUNREACH
	case *tcpip.ErrTimeout:
		return syscall.ETIMEDOUT
	case *tcpip.ErrPortInUse:
		return syscall.EADDRINUSE
	case *tcpip.ErrBadLocalAddress, *tcpip.ErrNoPortAvailable:
		return syscall.EADDRNOTAVAIL
	case *tcpip.ErrInvalidEndpointState, *tcpip.ErrClosedForSend:
		return os.ErrClosed
	}
	return fmt.Errorf("%v", err)
}

// ListenTCP listens for connections from behind the tunnels. Without an address it takes those to every address of the
// stack, of both families, also of those that come later.
func (b *Backend) ListenTCP(local netip.AddrPort) (net.Listener, error) {
	l, err := gonet.ListenTCP(b.stack, full(local), b.family(local))
	if err != nil {
		return nil, err
	}
	return listener{l}, nil
}

// family is the network protocol to listen with: with IPv6 and no address, also IPv4 is heard.
func (b *Backend) family(local netip.AddrPort) tcpip.NetworkProtocolNumber {
	if a := local.Addr(); a.IsValid() {
		return protocolOf(a)
	}
	return ipv6.ProtocolNumber
}

// DialUDP returns a socket for datagrams with one host behind a tunnel.
func (b *Backend) DialUDP(remote netip.AddrPort) (net.Conn, error) {
	source, err := b.plumber.source(uint8(header.UDPProtocolNumber), remote)
	if err != nil {
		return nil, err
	}
	local, to := full(netip.AddrPortFrom(source, 0)), full(remote)
	return socketOf(gonet.DialUDP(b.stack, &local, &to, protocolOf(remote.Addr())))
}

// ListenUDP returns a socket for datagrams with any host behind the tunnels. Addresses are as in ListenTCP.
func (b *Backend) ListenUDP(local netip.AddrPort) (net.PacketConn, error) {
	at := full(local)
	return socketOf(gonet.DialUDP(b.stack, &at, nil, b.family(local)))
}
