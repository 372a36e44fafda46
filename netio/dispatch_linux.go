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
	r := roleIKE
	if path.Local.Port() == l.nat {
		r = roleNAT
	}
	s := l.find(r, path.Local.Addr(), path.Remote.Addr())
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
	if errno := s.sendIKE(path, datagram); errno != 0 {
		l.counters.add(sendReason(errno), 1)
		return fmt.Errorf("netio: %v to %v: %w", path.Local, path.Remote, errno)
	}
	l.counters.add(SentIKE, 1)
	return nil
}

// Sender is that of dataplane.Network.
func (l *Listener) Sender(int) dataplane.Sender { return l }

// SendESP sends bursts in their order. It waits a while for room in the socket; what cannot be sent is counted and
// lost. The bursts are the caller's when it returns.
func (l *Listener) SendESP(bursts []dataplane.Burst) {
	for len(bursts) > 0 {
		s := l.carrier(&bursts[0].Path)
		n := 1
		for n < len(bursts) && l.carrier(&bursts[n].Path) == s {
			n++
		}
		l.sendThrough(s, bursts[:n])
		bursts = bursts[n:]
	}
}

func (l *Listener) sendThrough(s *socket, bursts []dataplane.Burst) {
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	if s == nil || s.fd < 0 {
		for i := range bursts {
			l.counters.add(SendClosed, bursts[i].Count())
		}
		return
	}
	for i := range bursts {
		s.sendBurst(bursts[i], &l.counters)
	}
	s.flush(&l.counters)
}

// carrier is the socket for ESP on a path. UDP-encapsulated ESP uses the NAT traversal port only (RFC 3948, Section 2.1).
func (l *Listener) carrier(p *dataplane.Path) *socket {
	switch {
	case p.Transport == dataplane.TransportRaw:
		return l.find(roleRaw, p.Local.Addr(), p.Remote.Addr())
	case p.Local.Port() == l.nat:
		return l.find(roleNAT, p.Local.Addr(), p.Remote.Addr())
	}
	return nil
}

// find returns the socket of a role that may send from local to remote: one bound to that address or to all.
func (l *Listener) find(r role, local, remote netip.Addr) *socket {
	for _, s := range l.sockets {
		if s.role != r || s.v6() != remote.Is6() {
			continue
		}
		if a := s.bound.Addr(); a.IsUnspecified() || a == local || !local.IsValid() {
			return s
		}
	}
	return nil
}

// Source returns the address that packets of the Listener to remote leave from, as routing has it now.
func (l *Listener) Source(remote netip.Addr) (netip.Addr, error) {
	for _, s := range l.sockets {
		if a := s.bound.Addr(); s.v6() == remote.Is6() && !a.IsUnspecified() {
			return a, nil
		}
	}
	s, err := openSocket(&l.config, roleIKE, netip.AddrPortFrom(unspecified(remote), 0))
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
