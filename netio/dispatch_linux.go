package netio

import (
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

// SendIKE sends an IKE message, behind a marker when the path's local port is the one for NAT traversal, or a NAT
// keepalive. The kernel may fragment it. SendIKE does not wait; datagram is the caller's when it returns.
func (l *Listener) SendIKE(path dataplane.Path, datagram []byte) error {
	return l.SendIKEAs(path, datagram, Manner{})
}

// A Manner says how a message is sent. Streams have one of their own.
type Manner struct {
	Whole bool  // nobody may fragment it
	DSCP  uint8 // of its IP header, 0 to 63
}

// SendIKEAs is SendIKE in a manner of its own.
func (l *Listener) SendIKEAs(path dataplane.Path, datagram []byte, m Manner) error {
	if path.Transport == dataplane.TransportTCP {
		return l.streams.sendIKE(path, datagram)
	}
	r := roleIKE
	if path.Local.Port() == l.nat {
		r = roleNAT
	}
	s := l.workers[0].find(r, path.Local.Addr(), path.Remote.Addr())
	if s == nil {
		l.counters.add(SendClosed, 1)
		return fmt.Errorf("%w: %v to %v", ErrNoSocket, path.Local, path.Remote)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 {
		l.counters.add(SendClosed, 1)
		return ErrClosed
	}
	if errno := s.sendIKE(path, datagram, m); errno != 0 {
		l.counters.add(sendReason(errno), 1)
		return fmt.Errorf("netio: %v to %v: %w", path.Local, path.Remote, errno)
	}
	l.counters.add(SentIKE, 1)
	return nil
}

// Sender is that of dataplane.Network.
func (l *Listener) Sender(worker int) dataplane.Sender { return l.workers[worker%len(l.workers)] }

// SendESP is that of the first worker.
func (l *Listener) SendESP(bursts []dataplane.Burst) { l.workers[0].SendESP(bursts) }

// Source returns the address that packets of the Listener to remote leave from, as routing has it now.
func (l *Listener) Source(remote netip.Addr) (netip.Addr, error) {
	for _, s := range l.sockets {
		if a := s.bound.Addr(); s.v6() == remote.Is6() && !a.IsUnspecified() {
			return a, nil
		}
	}
	s, err := openSocket(&l.config, roleIKE, netip.AddrPortFrom(unspecified(remote), 0), member{})
	if err != nil {
		return netip.Addr{}, fmt.Errorf("netio: %w", err)
	}
	defer s.close()
	if err := unix.Connect(s.fd, sockaddr(netip.AddrPortFrom(remote, PortIKE))); err != nil {
		return netip.Addr{}, fmt.Errorf("netio: no route to %v: %w", remote, os.NewSyscallError("connect", err))
	}
	sa, err := unix.Getsockname(s.fd)
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(sa.Addr), nil
	case *unix.SockaddrInet6:
		return scoped(netip.AddrFrom16(sa.Addr), sa.ZoneId), nil
	}
	return netip.Addr{}, fmt.Errorf("netio: %w", os.NewSyscallError("getsockname", err))
}

func unspecified(like netip.Addr) netip.Addr {
	if like.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}
