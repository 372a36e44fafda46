package netio

import (
	"net/netip"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

const (
	// streamUnsent is how much the kernel takes that it cannot send yet (TCP_NOTSENT_LOWAT), and streamQueue what waits here
	// besides. More ESP is dropped: the TCP inside of the tunnel has to notice that the way is full (RFC 9329, Section 9.1).
	streamUnsent = 128 << 10
	streamQueue  = 128 << 10
	// streamReserve is the room in the queue for IKE, which nobody repeats over a stream (RFC 9329, Section 6.2).
	streamReserve = 256 << 10
	// streamBatch bounds the packets of one send.
	streamBatch = 64
)

// streamSilence is how long the kernel waits for an acknowledgement, or for a sign of life, before it gives a stream up.
const streamSilence = 20 * time.Second

// Doubts about what a stream carries end it when so many come within a while (RFC 9329, Section 6.1).
const (
	maxDoubts  = 32
	doubtsTime = 10 * time.Second
)

// A stream is one TCP connection. Receiving is the business of the Listener's thread, which also closes; sending locks.
type stream struct {
	path   dataplane.Path
	opened bool // by us: we are the TCP Originator
	in     deframer

	mu        sync.Mutex // guards what follows
	fd        int        // -1 after close
	out       *streamOut // nil until something is sent
	finishing bool       // nothing more is sent when the queue is empty
	watched   uint32     // what epoll watches for
	doubts    int
	doubted   time.Time // when the first of them came
}

// A streamOut is what a stream needs to send.
type streamOut struct {
	queue   []byte // frames that the kernel did not take yet
	sent    int    // octets of queue that it has taken
	packets [streamBatch][]byte
	lengths [streamBatch][lengthLen]byte
	iov     [2 * streamBatch]unix.Iovec
}

func newStream(fd int, path dataplane.Path, opened bool) *stream {
	s := &stream{fd: fd, path: path, opened: opened}
	if !opened {
		s.in.prefix = streamPrefix
	}
	for _, o := range [][3]int{
		{unix.SOL_TCP, unix.TCP_NODELAY, 1},
		{unix.SOL_TCP, unix.TCP_NOTSENT_LOWAT, streamUnsent},
		{unix.SOL_TCP, unix.TCP_USER_TIMEOUT, int(streamSilence.Milliseconds())},
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{unix.SOL_TCP, unix.TCP_KEEPIDLE, int(streamSilence.Seconds())},
		{unix.SOL_TCP, unix.TCP_KEEPINTVL, int(streamSilence.Seconds()) / 4},
	} {
		_ = unix.SetsockoptInt(fd, o[0], o[1], o[2]) // a stream works without, too
	}
	return s
}

// pending is how many octets wait in the queue. The caller holds mu.
func (s *stream) pending() int {
	if s.out == nil {
		return 0
	}
	return len(s.out.queue) - s.out.sent
}

// ready returns what to send with. The caller holds mu; nil: the stream has ended.
func (s *stream) ready() *streamOut {
	if s.fd < 0 || s.finishing {
		return nil
	}
	if s.out == nil {
		s.out = new(streamOut)
	}
	return s.out
}

// sendIKE sends one message, behind what waits. It reports whether there was room. The caller holds mu, and watches the
// stream when something waits then.
func (s *stream) sendIKE(marker, message []byte) (r Reason) {
	o := s.ready()
	switch {
	case o == nil:
		return SendClosed
	case len(marker)+len(message) > maxStreamMessage:
		return SendTooBig
	case s.pending()+len(message) > streamQueue+streamReserve:
		return SendNoBuffer
	}
	o.append(marker, message, 0)
	s.flush()
	return SentIKE
}

// append puts a frame, without what was sent of it already, to the end of the queue.
func (o *streamOut) append(marker, message []byte, skip int) {
	if o.sent > 0 && len(o.queue)+len(message) > cap(o.queue) {
		o.queue = o.queue[:copy(o.queue, o.queue[o.sent:])]
		o.sent = 0
	}
	o.queue = appendFrame(o.queue, marker, message, skip)
}

// sendESP sends the packets of a burst and counts them. The caller holds mu.
func (s *stream) sendESP(b dataplane.Burst, c *counters) {
	o := s.ready()
	if o == nil {
		c.add(SendClosed, b.Count())
		return
	}
	n := 0
	for p, ok := b.Next(); ok; p, ok = b.Next() {
		if o.packets[n] = p; len(p) > maxStreamMessage {
			c.add(SendTooBig, 1)
			continue
		}
		if n++; n == streamBatch {
			s.sendPackets(n, c)
			n = 0
		}
	}
	s.sendPackets(n, c)
}

// sendPackets sends the first n packets straight from where they are, and queues what the kernel does not take.
func (s *stream) sendPackets(n int, c *counters) {
	o, taken := s.out, 0
	if n > 0 && s.pending() == 0 {
		taken = o.write(s.fd, n)
	}
	for i, p := range o.packets[:n] {
		frame := lengthLen + len(p)
		switch {
		case taken >= frame:
			taken -= frame
		case taken > 0: // begun: it has to go on
			o.append(nil, p, taken)
			taken = 0
		case s.pending()+frame > streamQueue:
			c.add(SendNoBuffer, 1)
			continue
		default:
			o.append(nil, p, 0)
		}
		c.add(SentESP, 1)
		o.packets[i] = nil
	}
}

// write has the kernel take as much as it wants of the first n packets.
func (o *streamOut) write(fd, n int) int {
	for i, p := range o.packets[:n] {
		o.lengths[i] = [lengthLen]byte{byte((lengthLen + len(p)) >> 8), byte(lengthLen + len(p))}
		o.iov[2*i].Base = &o.lengths[i][0]
		o.iov[2*i].SetLen(lengthLen)
		o.iov[2*i+1].Base = &p[0]
		o.iov[2*i+1].SetLen(len(p))
	}
	m := unix.Msghdr{Iov: &o.iov[0]}
	m.SetIovlen(2 * n)
	taken, _, errno := unix.Syscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	clear(o.iov[:2*n])
	if errno != 0 { // if the stream is broken the receiving thread will see
		return 0
	}
	return int(taken)
}

// flush sends what waits, and ends the stream in order if that was the last of it. The caller holds mu.
func (s *stream) flush() {
	for s.fd >= 0 && s.pending() > 0 {
		n, err := unix.SendmsgN(s.fd, s.out.queue[s.out.sent:], nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return
		}
		s.out.sent += n
	}
	if s.out != nil {
		s.out.queue, s.out.sent = s.out.queue[:0], 0
	}
	if s.finishing && s.fd >= 0 {
		_ = unix.Shutdown(s.fd, unix.SHUT_WR)
	}
}

// finish has the stream end when everything is sent. It reports whether something waits.
func (s *stream) finish() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finishing = true
	s.flush()
	return s.pending() > 0
}

// doubt notes that something came which makes no sense, and ends the stream when that was too often.
func (s *stream) doubt(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.doubted) > doubtsTime {
		s.doubts, s.doubted = 0, now
	}
	if s.doubts++; s.doubts == maxDoubts {
		s.shut()
	}
}

// hangUp ends the stream whatever waits.
func (s *stream) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shut()
}

// shut has the receiving thread see the end, and close. The caller holds mu.
func (s *stream) shut() {
	if s.fd >= 0 {
		_ = unix.Shutdown(s.fd, unix.SHUT_RDWR)
	}
}

func (s *stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd >= 0 {
		unix.Close(s.fd)
	}
	s.fd, s.out = -1, nil
}

// receive reads what is there into b behind what waits, once, and returns the whole.
func (s *stream) receive(b []byte) ([]byte, syscall.Errno) {
	n := s.in.resume(b)
	for {
		got, err := unix.Read(s.fd, b[n:])
		switch errno, _ := err.(syscall.Errno); {
		case errno == unix.EINTR:
		case err != nil:
			return nil, errno
		case got == 0:
			return nil, unix.EPIPE
		default:
			return b[:n+got], 0
		}
	}
}

// addressOf is a socket address as a value.
func addressOf(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(scoped(netip.AddrFrom16(sa.Addr), sa.ZoneId), uint16(sa.Port))
	}
	return netip.AddrPort{}
}
