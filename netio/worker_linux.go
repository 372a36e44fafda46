package netio

import (
	"net/netip"
	"runtime"

	"golang.org/x/sys/unix"

	"culvert/netio/rest"

	"culvert/dataplane"
)

// A worker has a receiving thread, and sockets for ESP of its own. The first has those for IKE and all streams as well.
type worker struct {
	*Listener
	index    int
	sockets  []*socket
	counters counters
}

// SendESP sends bursts in their order. It waits a while for room in the socket; what cannot be sent is counted and
// lost. The bursts are the caller's when it returns.
func (w *worker) SendESP(bursts []dataplane.Burst) {
	for len(bursts) > 0 {
		if n := inStreams(bursts); n > 0 {
			w.streams.sendESP(bursts[:n])
			bursts = bursts[n:]
			continue
		}
		s := w.carrier(&bursts[0].Path)
		n := 1
		for n < len(bursts) && bursts[n].Path.Transport != dataplane.TransportTCP && w.carrier(&bursts[n].Path) == s {
			n++
		}
		w.sendThrough(s, bursts[:n])
		bursts = bursts[n:]
	}
}

// inStreams counts the bursts for streams that come first.
func inStreams(bursts []dataplane.Burst) (n int) {
	for n < len(bursts) && bursts[n].Path.Transport == dataplane.TransportTCP {
		n++
	}
	return n
}

func (w *worker) sendThrough(s *socket, bursts []dataplane.Burst) {
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	if s == nil || s.fd < 0 {
		for i := range bursts {
			w.counters.add(SendClosed, bursts[i].Count())
		}
		return
	}
	for i := range bursts {
		s.sendBurst(bursts[i], &w.counters)
	}
	s.flush(&w.counters)
}

// carrier is the socket for ESP on a path. UDP-encapsulated ESP uses the NAT traversal port only (RFC 3948, Section 2.1).
func (w *worker) carrier(p *dataplane.Path) *socket {
	switch {
	case p.Transport == dataplane.TransportRaw:
		return w.find(roleRaw, p.Local.Addr(), p.Remote.Addr())
	case p.Local.Port() == w.nat:
		return w.find(roleNAT, p.Local.Addr(), p.Remote.Addr())
	}
	return nil
}

// find returns the socket of a role that may send from local to remote: one bound to that address or to all.
func (w *worker) find(r role, local, remote netip.Addr) *socket {
	for _, s := range w.sockets {
		if s.role != r || s.v6() != remote.Is6() {
			continue
		}
		if a := s.bound.Addr(); a.IsUnspecified() || a == local || !local.IsValid() {
			return s
		}
	}
	return nil
}

// turn bounds the batches that one socket delivers before the others are looked at.
const turn = 8

// run receives until Close.
func (w *worker) run(h Handlers) {
	runtime.LockOSThread() // never unlocked: the thread ends with its goroutine
	in := newInbox()
	wait := rest.Wait
	if w.config.Brisk {
		wait = rest.WaitBriskly
	}
	polls := []unix.PollFd{{Fd: int32(w.wake), Events: unix.POLLIN}, {Fd: -1, Events: unix.POLLIN}}
	if w.index == 0 {
		polls[1].Fd = int32(w.streams.epoll)
	}
	for _, s := range w.sockets {
		polls = append(polls, unix.PollFd{Fd: int32(s.fd), Events: unix.POLLIN})
	}
	for {
		if err := wait(polls); err != nil {
			w.counters.add(ReceiveFailed, 1)
		}
		if polls[0].Revents != 0 {
			return
		}
		if polls[1].Revents != 0 {
			w.streams.serve(&h)
		}
		for i, s := range w.sockets {
			w.serve(s, polls[i+2].Revents, in, &h)
		}
	}
}

// serve handles what poll said about one socket.
func (w *worker) serve(s *socket, events int16, in *inbox, h *Handlers) {
	if events&unix.POLLERR != 0 {
		w.receiveErrors(s, in, h)
	}
	if events&unix.POLLIN == 0 {
		return
	}
	for range turn {
		if !w.receive(s, in, h) {
			return
		}
	}
}
