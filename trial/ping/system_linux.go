package ping

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// System pings from this machine.
type System struct{}

// Addresses are those of the interfaces.
func (System) Addresses() ([]netip.Addr, error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var own []netip.Addr
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLinkLocalUnicast() {
			own = append(own, p.Addr())
		}
	}
	return own, nil
}

// errNoAnswer means that nothing came in time.
var errNoAnswer = errors.New("no answer")

// Ping sends one request and waits for its answer. It ends with its timeout rather than with ctx.
func (System) Ping(ctx context.Context, e Echo) (time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	fd, raw, err := open(e)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	id, sequence := rand.IntN(1<<16), rand.IntN(1<<16)
	b, err := e.request(id, sequence)
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	if err := unix.Sendto(fd, b, 0, sockaddr(e.To)); err != nil {
		return 0, fmt.Errorf("to %s: %w", e.To, err)
	}
	return await(fd, begun, e, func(packet []byte) bool { return e.answers(packet, raw, id, sequence) })
}

// await reads until a packet is the answer.
func await(fd int, begun time.Time, e Echo, answers func([]byte) bool) (time.Duration, error) {
	buffer := make([]byte, 1<<16)
	for {
		left := e.Timeout - time.Since(begun)
		if left <= 0 {
			return 0, errNoAnswer
		}
		wait := unix.NsecToTimeval(int64(left))
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
			return 0, err
		}
		n, _, err := unix.Recvfrom(fd, buffer, 0)
		switch {
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, err
		case answers(buffer[:n]):
			return time.Since(begun), nil
		}
	}
}

// open opens a socket, one for pings where the system allows it to everybody, otherwise a raw one.
func open(e Echo) (fd int, raw bool, err error) {
	family := unix.AF_INET
	if e.To.Is6() {
		family = unix.AF_INET6
	}
	protocol := int(ProtocolOf(e.To))
	fd, err = unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		raw = true
		if fd, err = unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol); err != nil {
			return 0, raw, fmt.Errorf("no socket for pings, as root there is one: %w", err)
		}
	}
	if err := prepare(fd, e); err != nil {
		unix.Close(fd)
		return 0, raw, err
	}
	return fd, raw, nil
}

func prepare(fd int, e Echo) error {
	if err := unix.Bind(fd, sockaddr(e.From)); err != nil {
		return fmt.Errorf("from %s: %w", e.From, err)
	}
	if !e.Whole {
		return nil
	}
	if e.To.Is6() {
		return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DO)
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO)
}

func sockaddr(a netip.Addr) unix.Sockaddr {
	if a.Is6() {
		return &unix.SockaddrInet6{Addr: a.As16()}
	}
	return &unix.SockaddrInet4{Addr: a.As4()}
}
