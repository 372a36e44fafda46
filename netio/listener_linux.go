package netio

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// ErrClosed is returned for what is asked of a closed Listener.
var ErrClosed = errors.New("netio: listener is closed")

// ErrNoSocket is returned when no socket of the Listener can carry a path.
var ErrNoSocket = errors.New("netio: no socket for this path")

// A Listener owns the sockets. Its methods are safe for concurrent use.
type Listener struct {
	config   Config
	ike, nat uint16
	sockets  []*socket
	wake     int // eventfd that ends the receiving thread
	counters counters

	once    sync.Once // Start
	closing sync.Once
	stopped chan struct{}
}

// Listen opens the sockets. What arrives waits in them until Start. A family that the host lacks is left out when no
// address asks for it.
func Listen(c Config) (*Listener, error) {
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	l := &Listener{config: c, wake: wake, stopped: make(chan struct{})}
	if err := l.open(); err != nil {
		l.release()
		return nil, fmt.Errorf("netio: %w", err)
	}
	return l, nil
}

// open opens every socket that the configuration asks for.
func (l *Listener) open() (err error) {
	if l.ike, err = l.openUDP(roleIKE, l.config.IKEPort); err != nil {
		return err
	}
	if l.nat, err = l.openUDP(roleNAT, l.config.NATPort); err != nil {
		return err
	}
	if !l.config.RawESP {
		return nil
	}
	return l.openAll(roleRaw, 0)
}

// attempts bounds the search for a port that is free in every family and address.
const attempts = 16

// openUDP opens the UDP sockets of one role and returns their port, the same for all.
func (l *Listener) openUDP(r role, port uint16) (uint16, error) {
	before := len(l.sockets)
	for try := 1; ; try++ {
		err := l.openAll(r, port)
		switch {
		case err == nil:
			return l.sockets[len(l.sockets)-1].bound.Port(), nil
		case port != 0 || try == attempts || !errors.Is(err, unix.EADDRINUSE):
			return 0, err
		}
		for _, s := range l.sockets[before:] {
			s.close()
		}
		l.sockets = l.sockets[:before]
	}
}

// openAll opens one role on every address. Once the kernel has chosen a port, the other sockets take the same.
func (l *Listener) openAll(r role, port uint16) error {
	addresses, optional := l.config.Addresses, false
	if len(addresses) == 0 {
		addresses, optional = []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}, true
	}
	opened := 0
	var missing error
	for _, a := range addresses {
		s, err := openSocket(&l.config, r, netip.AddrPortFrom(a.Unmap(), port))
		if optional && errors.Is(err, unix.EAFNOSUPPORT) {
			missing = err
			continue
		}
		if err != nil {
			return err
		}
		l.sockets = append(l.sockets, s)
		port = s.bound.Port()
		opened++
	}
	if opened == 0 {
		return missing
	}
	return nil
}

// Start begins to receive. It may be called once.
func (l *Listener) Start(h Handlers) {
	l.once.Do(func() { go l.run(h) })
}

// Ports returns the ports for IKE and for NAT traversal.
func (l *Listener) Ports() (ike, nat uint16) { return l.ike, l.nat }

// Counts returns what was counted so far.
func (l *Listener) Counts() Counts { return l.counters.read() }

// Features tells what is in use.
func (l *Listener) Features() Features {
	var f Features
	for _, s := range l.sockets {
		s.mu.Lock()
		f.Segmentation = f.Segmentation || s.segment
		s.mu.Unlock()
		f.Coalescing = f.Coalescing || s.coalesce
		f.RawESP = f.RawESP || s.role == roleRaw
	}
	return f
}

// Close ends the receiving thread, waits for the handler that runs, and closes the sockets. It must not be called from
// a handler.
func (l *Listener) Close() error {
	var err error
	l.closing.Do(func() {
		started := true
		l.once.Do(func() { started = false })
		if started {
			l.interrupt()
			<-l.stopped
		}
		err = l.release()
	})
	return err
}

func (l *Listener) interrupt() {
	one := [8]byte{1, 1, 1, 1, 1, 1, 1, 1} // any number, in any byte order
	_, _ = unix.Write(l.wake, one[:])
}

func (l *Listener) release() error {
	var errs []error
	for _, s := range l.sockets {
		errs = append(errs, s.close())
	}
	return errors.Join(append(errs, unix.Close(l.wake))...)
}

// turn bounds the batches that one socket delivers before the others are looked at.
const turn = 8

// run receives until Close.
func (l *Listener) run(h Handlers) {
	runtime.LockOSThread() // never unlocked: the thread ends with its goroutine
	defer close(l.stopped)
	in := newInbox()
	polls := []unix.PollFd{{Fd: int32(l.wake), Events: unix.POLLIN}}
	for _, s := range l.sockets {
		polls = append(polls, unix.PollFd{Fd: int32(s.fd), Events: unix.POLLIN})
	}
	for {
		if _, err := unix.Poll(polls, -1); err != nil && err != unix.EINTR && err != unix.EAGAIN {
			l.counters.add(ReceiveFailed, 1)
		}
		if polls[0].Revents != 0 {
			return
		}
		for i, s := range l.sockets {
			l.serve(s, polls[i+1].Revents, in, &h)
		}
	}
}

// serve handles what poll said about one socket.
func (l *Listener) serve(s *socket, events int16, in *inbox, h *Handlers) {
	if events&unix.POLLERR != 0 {
		l.receiveErrors(s, in, h)
	}
	if events&unix.POLLIN == 0 {
		return
	}
	for range turn {
		if !l.receive(s, in, h) {
			return
		}
	}
}
