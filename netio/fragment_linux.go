package netio

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"culvert/checksum"
	"culvert/dataplane"
)

const (
	headerLen6    = 40
	fragmentLen   = 8
	udpLen        = 8
	fragmentRoom  = minMTU6 - headerLen6 - fragmentLen // a multiple of 8, as all fragments but the last have to have
	moreFragments = 1
)

// A cutter sends packets over IPv6 in fragments that every path carries (RFC 8200, Section 4.5). The kernel cuts what exceeds the MTU
// of the link, or what ICMP has said; of a path that was found narrow by other means it knows nothing, and no router cuts for it.
// The socket's lock guards it.
type cutter struct {
	fd      int
	id      uint32
	headers [fragmentLen + udpLen]byte
}

// newCutter opens a raw socket for fragments, nil where that is not allowed: then the kernel does what it can.
func newCutter(c *Config) *cutter {
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_FRAGMENT)
	if err != nil {
		return nil
	}
	deaf := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}} // or it would get a copy of every fragment that arrives
	if (&socket{fd: fd}).choose(deaf, unix.SO_ATTACH_FILTER) != nil ||
		unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_FREEBIND, 1) != nil ||
		c.Mark != 0 && unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, int(c.Mark)) != nil {
		unix.Close(fd)
		return nil
	}
	return &cutter{fd: fd, id: rand.Uint32()}
}

// cuts tells whether the packets of a burst are to leave in fragments.
func (s *socket) cuts(b *dataplane.Burst) bool {
	n := headerLen6 + len(b.Data)
	if b.Segment > 0 {
		n = headerLen6 + min(b.Segment, len(b.Data))
	}
	if s.role == roleNAT {
		n += udpLen
	}
	return s.cutter != nil && !b.DF && n > minMTU6 && b.Path.Local.Addr().Is6() && !b.Path.Local.Addr().IsUnspecified()
}

// sendCut sends the packets of a burst in fragments. The outbox is empty before and after, and the caller holds mu.
func (s *socket) sendCut(b dataplane.Burst, c *counters) {
	for p, ok := b.Next(); ok; p, ok = b.Next() {
		s.cutter.id++
		if errno := s.cut(&b, p); errno != 0 {
			c.add(sendReason(errno), 1)
			continue
		}
		c.add(SentESP, 1)
	}
}

// cut sends one packet; its first fragment has the UDP header, if there is one.
func (s *socket) cut(b *dataplane.Burst, p []byte) syscall.Errno {
	next, before := uint8(unix.IPPROTO_ESP), 0
	if s.role == roleNAT {
		next, before = unix.IPPROTO_UDP, udpLen
		putUDP(s.cutter.headers[fragmentLen:], &b.Path, p)
	}
	for offset := 0; len(p) > 0; {
		n, more := len(p), uint16(0)
		if before+n > fragmentRoom {
			n, more = fragmentRoom-before, moreFragments
		}
		putFragment(s.cutter.headers[:], next, uint16(offset)|more, s.cutter.id)
		if errno := s.sendPiece(b, s.cutter.headers[:fragmentLen+before], p[:n]); errno != 0 {
			return errno
		}
		offset, p, before = offset+before+n, p[n:], 0
	}
	return 0
}

// sendPiece sends one fragment through the raw socket.
func (s *socket) sendPiece(b *dataplane.Burst, headers, data []byte) syscall.Errno {
	m := s.out.add(b.Path.Remote, headers, data)
	s.out.slots[0].name.Port = 0 // raw sockets have no ports
	s.out.control(true, b.Path.Local.Addr(), b.TOS, 0)
	_, _, errno := unix.Syscall(unix.SYS_SENDMSG, uintptr(s.cutter.fd), uintptr(unsafe.Pointer(&m.hdr)), 0)
	s.out.clear()
	return errno
}

// putFragment writes a Fragment header; the offset is in octets, a multiple of 8, with the M flag.
func putFragment(h []byte, next uint8, offset uint16, id uint32) {
	h[0], h[1] = next, 0
	binary.BigEndian.PutUint16(h[2:], offset)
	binary.BigEndian.PutUint32(h[4:], id)
}

// putUDP writes the UDP header of a datagram, with the checksum that IPv6 wants (RFC 8200, Section 8.1).
func putUDP(h []byte, p *dataplane.Path, data []byte) {
	length := uint16(udpLen + len(data))
	binary.BigEndian.PutUint16(h, p.Local.Port())
	binary.BigEndian.PutUint16(h[2:], p.Remote.Port())
	binary.BigEndian.PutUint16(h[4:], length)
	binary.BigEndian.PutUint16(h[6:], 0)
	local, remote := p.Local.Addr().As16(), p.Remote.Addr().As16()
	sum := checksum.Narrow(checksum.Add(local[:], checksum.Add(remote[:], 0)))
	sum = checksum.AddWord(unix.IPPROTO_UDP, checksum.AddWord(length, sum))
	sum = checksum.Add(data, checksum.Add(h[:udpLen], sum))
	binary.BigEndian.PutUint16(h[6:], cmp.Or(^checksum.Fold(sum), 0xffff))
}

func (c *cutter) close() {
	if c != nil {
		unix.Close(c.fd)
	}
}
