package netio

import (
	"errors"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

// Streams that nobody has kept cost little and are few: they end soon, and there is room for so many, in all and from one
// network; beyond that the oldest one makes room. Those that are kept are as many as IKE SAs. An IKE SA that goes from one stream to the next leaves the former ones
// open for a while: as many of a network.
const (
	maxUnkept       = 1024
	maxUnkeptPrefix = 32
	maxLeftPrefix   = 32
	unkeptTime      = 10 * time.Second // for the prefix and a message that begins or continues an IKE SA (RFC 9329, Section 6.3.1)
	silentTime      = time.Second      // of unkeptTime what a stream has in any case
	finishTime      = 5 * time.Second  // for the peer to close what we have closed
)

// streams are the TCP connections of a Listener, and the sockets that accept them.
//
// One epoll instance watches them all; the thread of worker 0 waits for that and serves it. A timer in it ends what has had its
// time.
type streams struct {
	config   *Config
	counters *counters
	epoll    int
	timer    int // runs while something is in ending, or a door is shut
	doors    []*door
	events   [64]unix.EpollEvent
	buffer   []byte // what is read
	bursts   []dataplane.Burst

	mu     sync.RWMutex // guards what follows
	byPath map[dataplane.Path]*stream
	byFD   map[int]*stream
	ending map[*stream]time.Time // when they end if nobody keeps them
	unkept tally                 // those that nobody has kept
	left   tally                 // those that we have accepted, and that were kept once
}

// A door is a socket that accepts streams.
type door struct {
	fd    int
	bound netip.AddrPort
	shut  bool // there are no descriptors left
}

// streamBuffer holds the longest message besides what one read brings.
const streamBuffer = 256 << 10

func newStreams(c *Config, n *counters) (*streams, error) {
	t := &streams{config: c, counters: n, epoll: -1, timer: -1, byPath: map[dataplane.Path]*stream{}, byFD: map[int]*stream{},
		ending: map[*stream]time.Time{}, unkept: newTally(), left: newTally()}
	var err error
	if t.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if t.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK); err == nil {
		err = t.watch(t.timer, unix.EPOLL_CTL_ADD, unix.EPOLLIN)
	}
	for _, port := range c.TCPPorts {
		err = errors.Join(err, t.openDoors(port))
	}
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// openDoors listens on one port of every address. A family that the host lacks is left out when no address asks for it.
func (t *streams) openDoors(port uint16) error {
	addresses := t.config.Addresses
	if len(addresses) == 0 {
		addresses = []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	}
	for _, a := range addresses {
		d, err := openDoor(netip.AddrPortFrom(a.Unmap(), port), t.config.Mark)
		if len(t.config.Addresses) == 0 && errors.Is(err, unix.EAFNOSUPPORT) {
			continue
		}
		if err != nil {
			return err
		}
		t.doors = append(t.doors, d)
		port = d.bound.Port()
		if err := t.watch(d.fd, unix.EPOLL_CTL_ADD, unix.EPOLLIN); err != nil {
			return err
		}
	}
	return nil
}

func (t *streams) watch(fd, op int, events uint32) error {
	e := unix.EpollEvent{Events: events, Fd: int32(fd)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(t.epoll, op, fd, &e))
}

// serve handles what the epoll instance has to tell, without waiting. The Listener's thread calls it.
func (t *streams) serve(h *Handlers) {
	n, err := unix.EpollWait(t.epoll, t.events[:], 0)
	if err != nil {
		return
	}
	for i := range n {
		fd := int(t.events[i].Fd)
		t.mu.RLock()
		s := t.byFD[fd]
		t.mu.RUnlock()
		switch {
		case s != nil:
			t.serveStream(s, t.events[i].Events, h)
		case fd == t.timer:
			t.sweep(time.Now(), h)
		default:
			t.accept(fd)
		}
	}
}

// serveStream sends what waits and reads what has come.
func (t *streams) serveStream(s *stream, events uint32, h *Handlers) {
	if events&unix.EPOLLOUT != 0 {
		t.flush(s)
	}
	if events&^unix.EPOLLOUT == 0 {
		return
	}
	if t.buffer == nil {
		t.buffer = make([]byte, streamBuffer)
	}
	switch b, errno := s.receive(t.buffer); errno {
	case unix.EAGAIN:
	case 0:
		t.take(s, b, h)
	default:
		t.end(s, StreamClosed, h)
	}
}

// take hands over what a stream has brought: IKE message by message, ESP as one batch.
func (t *streams) take(s *stream, b []byte, h *Handlers) {
	err := s.in.cut(b, func(m []byte) { t.message(s, m, h) })
	t.deliver(h)
	switch err {
	case errPrefix:
		t.end(s, DropStreamPrefix, h)
	case errLength:
		t.end(s, DropStreamLength, h)
	}
}

// message sorts one message of a stream, which looks like a datagram on the port for NAT traversal.
func (t *streams) message(s *stream, m []byte, h *Handlers) {
	reason := classify(roleNAT, m)
	t.counters.add(reason, 1)
	switch {
	case reason == ReceivedESP && h.ESP != nil:
		t.bursts = append(t.bursts, dataplane.Burst{Path: s.path, Data: m, Segment: len(m)})
	case reason == ReceivedIKE && h.IKE != nil:
		h.IKE(s.path, m[markerLen:])
	case reason == ReceivedESP, reason == ReceivedIKE:
		t.counters.add(DropUnhandled, 1)
	case reason != ReceivedKeepalive: // RFC 9329, Section 6.6
		s.doubt(time.Now())
	}
}

func (t *streams) deliver(h *Handlers) {
	if len(t.bursts) > 0 {
		h.ESP(0, t.bursts)
		t.bursts = t.bursts[:0]
	}
}

// flush sends what waits in a stream, and watches for room if something still does.
func (t *streams) flush(s *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flush()
	t.want(s)
}

// want says what the stream is watched for. The caller holds the stream's lock.
func (t *streams) want(s *stream) {
	events := uint32(unix.EPOLLIN)
	if s.pending() > 0 {
		events |= unix.EPOLLOUT
	}
	if s.fd >= 0 && events != s.watched {
		s.watched = events
		_ = t.watch(s.fd, unix.EPOLL_CTL_MOD, events)
	}
}

// end closes a stream, counts why, and tells about one that we have opened. Only the Listener's thread calls it.
func (t *streams) end(s *stream, why Reason, h *Handlers) {
	t.counters.add(why, 1)
	t.mu.Lock()
	delete(t.byFD, s.fd)
	if t.byPath[s.path] == s { // else the peer has opened another one from the same port
		delete(t.byPath, s.path)
	}
	t.keep(s)
	t.mu.Unlock()
	s.close()
	if s.opened && h.Stream != nil {
		h.Stream(s.path)
	}
}

// keep takes a stream off those that end. The caller holds mu.
func (t *streams) keep(s *stream) {
	delete(t.ending, s)
	t.unkept.drop(s)
	t.left.drop(s)
}

// leave has a stream end at a time, and at once when too many of its network were left: a peer that opens streams without end
// is not to use up all descriptors. The caller holds mu.
func (t *streams) leave(s *stream, at time.Time) {
	t.endAt(s, at)
	if s.opened {
		return
	}
	from := network(s.path.Remote.Addr())
	if t.left.add(s, from); t.left.from[from] > maxLeftPrefix {
		s.hangUp()
	}
}

// sweep ends the streams whose time is over, and opens the doors that were shut.
func (t *streams) sweep(now time.Time, h *Handlers) {
	var expirations [8]byte
	_, _ = unix.Read(t.timer, expirations[:])
	var over []*stream
	t.mu.Lock()
	for s, at := range t.ending {
		if now.After(at) {
			over = append(over, s)
		}
	}
	if len(t.ending) == 0 {
		t.tick(0)
	}
	t.mu.Unlock()
	for _, s := range over {
		t.end(s, DropStreamIdle, h)
	}
	for _, d := range t.doors {
		if d.shut {
			d.shut = false
			_ = t.watch(d.fd, unix.EPOLL_CTL_MOD, unix.EPOLLIN)
		}
	}
}

// tick has the timer run every so often; 0 stops it.
func (t *streams) tick(every time.Duration) {
	spec := unix.NsecToTimespec(every.Nanoseconds())
	_ = unix.TimerfdSettime(t.timer, 0, &unix.ItimerSpec{Interval: spec, Value: spec}, nil)
}

// endAt has a stream end at a time. The caller holds mu.
func (t *streams) endAt(s *stream, at time.Time) {
	if len(t.ending) == 0 {
		t.tick(time.Second)
	}
	t.ending[s] = at
}

// close closes everything. Nothing is served any more.
func (t *streams) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.byFD {
		s.close()
	}
	clear(t.byFD)
	clear(t.byPath)
	for _, d := range t.doors {
		unix.Close(d.fd)
	}
	for _, fd := range []int{t.timer, t.epoll} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	t.epoll, t.timer, t.doors = -1, -1, nil
}

// find returns the stream of a path, or nil.
func (t *streams) find(p *dataplane.Path) *stream {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byPath[*p]
}
