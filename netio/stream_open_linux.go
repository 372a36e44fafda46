package netio

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

// streamBacklog is how many connections wait to be accepted; beyond it the kernel answers with SYN cookies.
const streamBacklog = 512

// acceptBatch bounds the streams that are accepted before those that are there get their turn.
const acceptBatch = 32

func openDoor(bind netip.AddrPort, mark uint32) (*door, error) {
	what := "TCP " + bind.String()
	family := unix.AF_INET
	if bind.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_TCP)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, os.NewSyscallError("socket", err))
	}
	d := &door{fd: fd}
	if d.bound, err = d.listen(bind, mark); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return d, nil
}

// listen binds and returns the address as it became. What is set here goes over to the streams.
func (d *door) listen(bind netip.AddrPort, mark uint32) (netip.AddrPort, error) {
	if err := unix.SetsockoptInt(d.fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return bind, os.NewSyscallError("SO_REUSEADDR", err)
	}
	if err := prepareStream(d.fd, bind.Addr().Is6(), mark); err != nil {
		return bind, err
	}
	if bind.Addr().Is6() {
		if err := unix.SetsockoptInt(d.fd, unix.SOL_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
			return bind, os.NewSyscallError("IPV6_V6ONLY", err)
		}
	}
	if err := unix.Bind(d.fd, sockaddr(bind)); err != nil {
		return bind, os.NewSyscallError("bind", err)
	}
	if err := unix.Listen(d.fd, streamBacklog); err != nil {
		return bind, os.NewSyscallError("listen", err)
	}
	sa, err := unix.Getsockname(d.fd)
	return addressOf(sa), os.NewSyscallError("getsockname", err)
}

// prepareStream sets what a socket has to have before it is connected or bound. The flow label is that of all streams, so
// that a new one in the place of another takes the same way (RFC 9329, Section 6.1).
func prepareStream(fd int, v6 bool, mark uint32) error {
	if v6 {
		_ = unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_AUTOFLOWLABEL, 0)
		_ = unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_FREEBIND, 1)
	} else {
		_ = unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_FREEBIND, 1)
	}
	if mark == 0 {
		return nil
	}
	return os.NewSyscallError("SO_MARK", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, int(mark)))
}

// accept takes in the streams that wait before a door.
func (t *streams) accept(fd int) {
	for range acceptBatch {
		conn, sa, err := unix.Accept4(fd, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
		switch err {
		case nil:
			t.admit(conn, addressOf(sa))
		case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM:
			t.shut(fd)
			return
		case unix.ECONNABORTED, unix.EINTR:
		default:
			return
		}
	}
}

// shut closes a door until the timer's next turn: whoever waits there would be reported again and again.
func (t *streams) shut(fd int) {
	t.counters.add(DropStreamLimit, 1)
	for _, d := range t.doors {
		if d.fd == fd {
			d.shut = true
		}
	}
	_ = t.watch(fd, unix.EPOLL_CTL_MOD, 0)
	t.tick(time.Second)
}

// admit takes an accepted connection in, unless there are too many that nobody has kept, and none of them makes room.
func (t *streams) admit(fd int, remote netip.AddrPort) {
	sa, err := unix.Getsockname(fd)
	prefix := network(remote.Addr())
	t.mu.Lock()
	full := t.unkept.from[prefix] >= maxUnkeptPrefix || len(t.unkept.of) >= maxUnkept && !t.makeRoom(time.Now())
	t.mu.Unlock()
	if err != nil || full {
		t.counters.add(DropStreamLimit, 1)
		unix.Close(fd)
		return
	}
	s := newStream(fd, dataplane.Path{Local: addressOf(sa), Remote: remote, Transport: dataplane.TransportTCP}, false)
	if t.add(s, prefix) != nil {
		s.close()
	}
}

// makeRoom ends the stream that nobody has kept for the longest time, if it has had time enough to begin an IKE SA: who holds
// streams open from many networks is not to have all places. The caller holds mu.
func (t *streams) makeRoom(now time.Time) bool {
	var oldest *stream
	for s := range t.unkept.of {
		if oldest == nil || t.ending[s].Before(t.ending[oldest]) {
			oldest = s
		}
	}
	if oldest == nil || t.ending[oldest].Sub(now) > unkeptTime-silentTime {
		return false
	}
	t.counters.add(DropStreamLimit, 1)
	t.unkept.drop(oldest)
	oldest.hangUp()
	return true
}

// network is what limits count: an address of IPv4, and of IPv6 what one site has.
func network(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 56
	}
	p, _ := a.WithZone("").Prefix(bits)
	return p
}

// add takes in a stream that ends soon if nobody keeps it.
func (t *streams) add(s *stream, from netip.Prefix) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.epoll < 0 {
		return ErrClosed
	}
	t.byFD[s.fd], t.byPath[s.path] = s, s
	t.unkept.add(s, from)
	t.endAt(s, time.Now().Add(unkeptTime))
	s.watched = unix.EPOLLIN
	if err := t.watch(s.fd, unix.EPOLL_CTL_ADD, s.watched); err != nil {
		delete(t.byFD, s.fd)
		delete(t.byPath, s.path)
		t.keep(s)
		return err
	}
	t.counters.add(StreamOpened, 1)
	return nil
}

// dial connects, sends the prefix, and takes the stream in.
func (t *streams) dial(ctx context.Context, local netip.Addr, remote netip.AddrPort) (dataplane.Path, error) {
	dialer := net.Dialer{KeepAlive: -1, Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		return joinControl(c.Control(func(fd uintptr) { err = prepareStream(int(fd), remote.Addr().Is6(), t.config.Mark) }), &err)
	}}
	if local.IsValid() && !local.IsUnspecified() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))
	}
	conn, err := dialer.DialContext(ctx, "tcp", remote.String())
	if err != nil {
		return dataplane.Path{}, fmt.Errorf("netio: %w", err)
	}
	defer conn.Close()
	fd, err := duplicate(conn.(*net.TCPConn))
	if err != nil {
		return dataplane.Path{}, fmt.Errorf("netio: %w", err)
	}
	sa, err := unix.Getsockname(fd)
	s := newStream(fd, dataplane.Path{Local: addressOf(sa), Remote: remote, Transport: dataplane.TransportTCP}, true)
	if err == nil {
		err = t.greet(s)
	}
	if err != nil {
		s.close()
		return dataplane.Path{}, fmt.Errorf("netio: %v to %v: %w", s.path.Local, remote, err)
	}
	return s.path, nil
}

// greet sends the prefix before anything else can be sent (RFC 9329, Section 6.1).
func (t *streams) greet(s *stream) error {
	if _, err := unix.SendmsgN(s.fd, []byte(streamPrefix), nil, nil, unix.MSG_NOSIGNAL); err != nil {
		return os.NewSyscallError("sendmsg", err)
	}
	return t.add(s, netip.Prefix{})
}

// joinControl is the first of the errors of a control function and of what it ran.
func joinControl(outer error, inner *error) error {
	if outer != nil {
		return outer
	}
	return *inner
}

// duplicate takes a connection out of the hands of package net.
func duplicate(conn *net.TCPConn) (int, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd := -1
	var failed error
	err = raw.Control(func(old uintptr) { fd, failed = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) })
	return fd, joinControl(err, &failed)
}
