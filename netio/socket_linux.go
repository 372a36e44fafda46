package netio

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// defaultBuffer holds what one TCP stream has under way with Linux's default windows, also where the kernel coalesces nothing and
// counts each packet with nearly twice its length. It doubles what it is asked for.
const defaultBuffer = 4 << 20

// sendPatience bounds how long a sender waits for room in a full socket.
const sendPatience = time.Second

// A socket is one of the Listener's. Receiving is the business of its worker's thread, sending locks.
type socket struct {
	role  role
	bound netip.AddrPort // as asked for; the port as it became
	lost  uint32         // what the kernel said last about messages for which there was no room; the receiving thread's
	batch int            // how many messages are read at once; the receiving thread's

	mu      sync.Mutex // guards what follows, and the life of fd
	fd      int        // -1 after close
	df      bool       // what IP_MTU_DISCOVER says
	segment bool
	out     *outbox
	cutter  *cutter // nil where the kernel fragments as it can
}

// openSocket makes, sets up and binds one socket.
func openSocket(c *Config, r role, bind netip.AddrPort, m member) (*socket, error) {
	s := &socket{role: r, bound: bind, batch: inboxSize}
	kind, protocol, what := unix.SOCK_DGRAM, unix.IPPROTO_UDP, "UDP "+bind.String()
	if r == roleRaw {
		kind, protocol, what = unix.SOCK_RAW, unix.IPPROTO_ESP, "ESP "+bind.Addr().String()
	}
	fd, err := unix.Socket(s.family(), kind|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, os.NewSyscallError("socket", err))
	}
	s.fd = fd
	if err := errors.Join(s.configure(c), s.prepare(c), s.place(m)); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	s.tune(c)
	s.out = newOutbox()
	if c.RawESP && s.v6() && r != roleIKE {
		s.cutter = newCutter(c)
	}
	return s, nil
}

func (s *socket) v6() bool { return s.bound.Addr().Is6() }

func (s *socket) family() int {
	if s.v6() {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

// configure sets the options that the Listener cannot do without.
func (s *socket) configure(c *Config) error {
	type option struct {
		name              string
		level, opt, value int
	}
	options := []option{
		{"IP_PKTINFO", unix.SOL_IP, unix.IP_PKTINFO, 1},
		{"IP_RECVTOS", unix.SOL_IP, unix.IP_RECVTOS, 1},
		{"IP_RECVERR", unix.SOL_IP, unix.IP_RECVERR, 1},
		{"IP_FREEBIND", unix.SOL_IP, unix.IP_FREEBIND, 1},
		{"IP_MTU_DISCOVER", unix.SOL_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT},
	}
	if s.v6() {
		options = []option{
			{"IPV6_RECVPKTINFO", unix.SOL_IPV6, unix.IPV6_RECVPKTINFO, 1},
			{"IPV6_RECVTCLASS", unix.SOL_IPV6, unix.IPV6_RECVTCLASS, 1},
			{"IPV6_RECVERR", unix.SOL_IPV6, unix.IPV6_RECVERR, 1},
			{"IPV6_FREEBIND", unix.SOL_IPV6, unix.IPV6_FREEBIND, 1},
			{"IPV6_MTU_DISCOVER", unix.SOL_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DONT},
			{"IPV6_MTU", unix.SOL_IPV6, unix.IPV6_MTU, minMTU6},
		}
	}
	if s.v6() && s.role != roleRaw { // raw sockets are of one family anyway
		options = append(options, option{"IPV6_V6ONLY", unix.SOL_IPV6, unix.IPV6_V6ONLY, 1})
	}
	if c.Mark != 0 {
		options = append(options, option{"SO_MARK", unix.SOL_SOCKET, unix.SO_MARK, int(c.Mark)})
	}
	for _, o := range options {
		if err := unix.SetsockoptInt(s.fd, o.level, o.opt, o.value); err != nil {
			return os.NewSyscallError(o.name, err)
		}
	}
	patience := unix.NsecToTimeval(sendPatience.Nanoseconds())
	return os.NewSyscallError("SO_SNDTIMEO", unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &patience))
}

// place takes the address, with others when they are several.
func (s *socket) place(m member) error {
	switch {
	case m.of < 2:
		return s.bind()
	case s.role == roleRaw:
		if err := s.filter(m); err != nil {
			return err
		}
		return s.bind()
	}
	return s.join(m, s.bind)
}

// bind takes the address; a port that the kernel chose is read back.
func (s *socket) bind() error {
	if err := unix.Bind(s.fd, sockaddr(s.bound)); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if s.role == roleRaw || s.bound.Port() != 0 {
		return nil
	}
	sa, err := unix.Getsockname(s.fd)
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		s.bound = netip.AddrPortFrom(s.bound.Addr(), uint16(sa.Port))
	case *unix.SockaddrInet6:
		s.bound = netip.AddrPortFrom(s.bound.Addr(), uint16(sa.Port))
	}
	return os.NewSyscallError("getsockname", err)
}

// prepare sets the options that somebody else wants.
func (s *socket) prepare(c *Config) error {
	if c.Prepare == nil || s.role == roleRaw {
		return nil
	}
	return c.Prepare(s.fd, s.v6(), s.role == roleNAT)
}

// tune asks for what makes the socket faster and can be missing.
func (s *socket) tune(c *Config) {
	size := c.Buffer
	if size == 0 {
		size = defaultBuffer
	}
	for _, o := range [][2]int{{unix.SO_RCVBUFFORCE, unix.SO_RCVBUF}, {unix.SO_SNDBUFFORCE, unix.SO_SNDBUF}} {
		if unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, o[0], size) != nil {
			_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, o[1], size)
		}
	}
	_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
	if s.role != roleNAT {
		return
	}
	if c.Prepare == nil {
		_ = unix.SetsockoptInt(s.fd, unix.SOL_UDP, unix.UDP_GRO, 1)
	}
	_, err := unix.GetsockoptInt(s.fd, unix.SOL_UDP, unix.UDP_SEGMENT)
	s.segment = err == nil
}

// setDF switches the don't-fragment bit of what is sent from now on. Without it the kernel cuts packets that exceed the
// path's MTU as it knows it, over IPv6 to what every path carries. With it they come back as EMSGSIZE if they exceed the link's: what the
// kernel believes to know about the path came by ICMP, which anybody can forge, and does not count. The caller holds mu.
func (s *socket) setDF(df bool) {
	if s.df == df {
		return
	}
	level, opt, value, fragment := unix.SOL_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT, minMTU6
	if df {
		value, fragment = unix.IP_PMTUDISC_PROBE, 0
	}
	if s.v6() { // the values have the same meaning in both families
		level, opt = unix.SOL_IPV6, unix.IPV6_MTU_DISCOVER
		_ = unix.SetsockoptInt(s.fd, unix.SOL_IPV6, unix.IPV6_MTU, fragment)
	}
	if unix.SetsockoptInt(s.fd, level, opt, value) == nil {
		s.df = df
	}
}

// minMTU6 is what every path of IPv6 carries (RFC 8200, Section 5).
const minMTU6 = 1280

func (s *socket) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fd := s.fd
	s.fd = -1
	if fd < 0 {
		return nil
	}
	s.cutter.close()
	return unix.Close(fd)
}

func sockaddr(ap netip.AddrPort) unix.Sockaddr {
	if ap.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(ap.Port()), Addr: ap.Addr().As16(), ZoneId: scope(ap.Addr())}
}
