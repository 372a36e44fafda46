package netio

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
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
	workers  []*worker
	streams  *streams
	wake     int // eventfd that ends the receiving threads
	counters counters

	once    sync.Once // Start
	closing sync.Once
	running sync.WaitGroup
}

// Listen opens the sockets. What arrives waits in them until Start. A family that the host lacks is left out when no
// address asks for it.
func Listen(c Config) (*Listener, error) {
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	l := &Listener{config: c, wake: wake}
	for i := range max(c.Workers, 1) {
		l.workers = append(l.workers, &worker{Listener: l, index: i})
	}
	err = l.open()
	if err == nil {
		l.streams, err = newStreams(&l.config, &l.counters)
	}
	if err != nil {
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
		l.forget(before)
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
		at, err := l.openFor(r, netip.AddrPortFrom(a.Unmap(), port))
		if optional && errors.Is(err, unix.EAFNOSUPPORT) {
			missing = err
			continue
		}
		if err != nil {
			return err
		}
		port = at.Port()
		opened++
	}
	if opened == 0 {
		return missing
	}
	return nil
}

// Start begins to receive. It may be called once.
func (l *Listener) Start(h Handlers) {
	l.once.Do(func() {
		for _, w := range l.workers {
			l.running.Go(func() { w.run(h) })
		}
	})
}

// Ports returns the ports for IKE and for NAT traversal.
func (l *Listener) Ports() (ike, nat uint16) { return l.ike, l.nat }

// Counts returns what was counted so far.
func (l *Listener) Counts() Counts {
	var sum Counts
	l.counters.addTo(&sum)
	for _, w := range l.workers {
		w.counters.addTo(&sum)
	}
	return sum
}

// Close ends the receiving threads, waits for the handlers that run, and closes the sockets. It must not be called from
// a handler.
func (l *Listener) Close() error {
	var err error
	l.closing.Do(func() {
		started := true
		l.once.Do(func() { started = false })
		if started {
			l.interrupt()
			l.running.Wait()
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
	if l.streams != nil {
		l.streams.close()
	}
	return errors.Join(append(errs, unix.Close(l.wake))...)
}
