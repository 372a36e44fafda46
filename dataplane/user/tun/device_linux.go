// Package tun opens TUN devices of Linux and moves packets through them, each behind a virtio-net header, so that packets
// may be super-packets in both directions (package offload).
package tun

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"culvert/netio/rest"
)

// ErrAgain is returned by Read when no packet waits.
var ErrAgain = errors.New("tun: no packet")

// ErrGone is returned by Wait when the interface was removed.
var ErrGone = errors.New("tun: the interface was removed")

// maxParts is the most parts of a packet that is written.
const maxParts = 72

// A Device is a TUN device with one or more queues, numbered from 0. Of each queue one goroutine reads and waits; any may
// write and wake. The kernel puts the packets of a flow into one queue: that to which packets of the flow were written last,
// else one chosen by a hash. A Device disappears with Close, and with the process.
type Device struct {
	queues []*queue
	host   int // a socket in the device's network namespace; -1 before Open is through
	name   string
	index  int
	uso    bool
	closed atomic.Bool
}

// A queue is a file of the device.
type queue struct {
	fd    int
	wake  int // eventfd
	polls [2]unix.PollFd
	count [8]byte // what was read from wake
	one   [8]byte // what is written to it, never changed
}

// Open makes a device of this name, where %d becomes a free number, with a number of queues, gives it the MTU and sets it
// up. It needs CAP_NET_ADMIN.
func Open(name string, mtu, queues int) (*Device, error) {
	d := &Device{name: name, host: -1}
	err := d.open(max(queues, 1))
	if err == nil {
		err = d.setUp(mtu)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("tun %s: %w", name, err), d.Close())
	}
	return d, nil
}

// open opens the queues. The first makes the device.
func (d *Device) open(queues int) error {
	flags := unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR
	if queues > 1 {
		flags |= unix.IFF_MULTI_QUEUE
	}
	for i := range queues {
		exclusive := 0
		if i == 0 {
			exclusive = unix.IFF_TUN_EXCL
		}
		q, name, err := openQueue(d.name, uint16(flags|exclusive))
		if err != nil {
			return err
		}
		d.queues, d.name = append(d.queues, q), name
	}
	d.offload()
	host, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	d.host = host
	return nil
}

// openQueue opens a queue of the device of this name, and returns the name as it became.
func openQueue(name string, flags uint16) (*queue, string, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, "", &os.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(flags)
		err = os.NewSyscallError("TUNSETIFF", unix.IoctlIfreq(fd, unix.TUNSETIFF, request))
	}
	wake := -1
	if err == nil {
		wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	}
	if err != nil {
		unix.Close(fd)
		return nil, "", err
	}
	q := &queue{fd: fd, wake: wake, one: [8]byte{1, 1, 1, 1, 1, 1, 1, 1}} // any number, in any byte order
	q.polls = [2]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(wake), Events: unix.POLLIN}}
	return q, request.Name(), nil
}

// offload asks for super-packets: of TCP and UDP, else of TCP, else for none.
func (d *Device) offload() {
	const tso = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6 | unix.TUN_F_TSO_ECN
	if unix.IoctlSetInt(d.queues[0].fd, unix.TUNSETOFFLOAD, tso|unix.TUN_F_USO4|unix.TUN_F_USO6) == nil {
		d.uso = true // Linux 6.2
		return
	}
	_ = unix.IoctlSetInt(d.queues[0].fd, unix.TUNSETOFFLOAD, tso)
}

// Name and Index are those of the network interface.
func (d *Device) Name() string { return d.name }

// Index is the number of the interface in its network namespace.
func (d *Device) Index() int { return d.index }

// JoinsUDP reports whether super-packets of UDP may be written.
func (d *Device) JoinsUDP() bool { return d.uso }

// Queues is how many queues the device has.
func (d *Device) Queues() int { return len(d.queues) }

// Read reads one packet with its header, without waiting. A buffer of 64 KiB and a header is enough.
func (d *Device) Read(queue int, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(d.queues[queue].fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	switch errno {
	case 0:
		return int(n), nil
	case unix.EAGAIN, unix.EINTR:
		return 0, ErrAgain
	}
	return 0, os.NewSyscallError("read", errno)
}

// Wait waits for a packet, for Wake or for Close, which it answers with os.ErrClosed. ErrGone says that the interface was removed. The
// caller's thread should be its own, and Go's scheduler have a processor to spare for it.
func (d *Device) Wait(queue int) error {
	q := d.queues[queue]
	err := rest.WaitBriskly(q.polls[:])
	if d.closed.Load() {
		return os.ErrClosed
	}
	if err != nil {
		return os.NewSyscallError("poll", err)
	}
	if q.polls[0].Revents&unix.POLLERR != 0 {
		return ErrGone
	}
	if q.polls[1].Revents != 0 {
		_, _ = unix.Read(q.wake, q.count[:])
	}
	return nil
}

// Wake ends the Wait that runs, or the next.
func (d *Device) Wake(queue int) {
	q := d.queues[queue]
	_, _ = unix.Write(q.wake, q.one[:])
}

// WritePacket writes one packet from its parts, of which the first is the header.
func (d *Device) WritePacket(queue int, parts [][]byte) error {
	var vector [maxParts]unix.Iovec
	if len(parts) > maxParts {
		return syscall.EINVAL
	}
	n := 0
	for _, p := range parts {
		if len(p) > 0 {
			vector[n].Base = &p[0]
			vector[n].SetLen(len(p))
			n++
		}
	}
	_, _, errno := unix.RawSyscall(unix.SYS_WRITEV, uintptr(d.queues[queue].fd), uintptr(unsafe.Pointer(&vector)), uintptr(n))
	if errno != 0 {
		return errno
	}
	return nil
}

// Shut ends Wait for good. Reads and writes still work until Close.
func (d *Device) Shut() {
	d.closed.Store(true)
	for i := range d.queues {
		d.Wake(i)
	}
}

// Close removes the device. Nobody may use it any longer.
func (d *Device) Close() error {
	var errs []error
	for _, q := range d.queues {
		errs = append(errs, unix.Close(q.fd), unix.Close(q.wake))
	}
	if d.host >= 0 {
		errs = append(errs, unix.Close(d.host))
	}
	return errors.Join(errs...)
}
