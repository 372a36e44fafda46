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
)

// ErrAgain is returned by Read when no packet waits.
var ErrAgain = errors.New("tun: no packet")

// maxParts is the most parts of a packet that is written.
const maxParts = 72

// A Device is a TUN device. One goroutine reads and waits; any may write and wake. It disappears with Close, and with
// the process.
type Device struct {
	fd     int
	wake   int // eventfd
	name   string
	index  int
	uso    bool
	closed atomic.Bool
}

// Open makes a device of this name, where %d becomes a free number, gives it the MTU and sets it up. It needs
// CAP_NET_ADMIN.
func Open(name string, mtu int) (*Device, error) {
	d, err := open(name)
	if err != nil {
		return nil, fmt.Errorf("tun %s: %w", name, err)
	}
	if err := d.setUp(mtu); err != nil {
		return nil, errors.Join(fmt.Errorf("tun %s: %w", name, err), d.Close())
	}
	return d, nil
}

func open(name string) (d *Device, err error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
	}
	defer func() {
		if err != nil {
			unix.Close(fd)
		}
	}()
	request, err := unix.NewIfreq(name)
	if err != nil {
		return nil, err
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR | unix.IFF_TUN_EXCL)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		return nil, os.NewSyscallError("TUNSETIFF", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	d = &Device{fd: fd, wake: wake, name: request.Name()}
	d.offload()
	return d, nil
}

// offload asks for super-packets: of TCP and UDP, else of TCP, else for none.
func (d *Device) offload() {
	const tso = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6 | unix.TUN_F_TSO_ECN
	if unix.IoctlSetInt(d.fd, unix.TUNSETOFFLOAD, tso|unix.TUN_F_USO4|unix.TUN_F_USO6) == nil {
		d.uso = true // Linux 6.2
		return
	}
	_ = unix.IoctlSetInt(d.fd, unix.TUNSETOFFLOAD, tso)
}

// Name and Index are those of the network interface.
func (d *Device) Name() string { return d.name }
func (d *Device) Index() int   { return d.index }

// JoinsUDP reports whether super-packets of UDP may be written.
func (d *Device) JoinsUDP() bool { return d.uso }

// Queues is how many queues the device has.
func (d *Device) Queues() int { return 1 }

// Read reads one packet with its header, without waiting. A buffer of 64 KiB and a header is enough.
func (d *Device) Read(_ int, b []byte) (int, error) {
	n, _, errno := unix.Syscall(unix.SYS_READ, uintptr(d.fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	switch errno {
	case 0:
		return int(n), nil
	case unix.EAGAIN, unix.EINTR:
		return 0, ErrAgain
	}
	return 0, os.NewSyscallError("read", errno)
}

// Wait waits for a packet, for Wake or for Close, which it answers with os.ErrClosed.
func (d *Device) Wait(int) error {
	polls := [2]unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLIN}, {Fd: int32(d.wake), Events: unix.POLLIN}}
	_, err := unix.Poll(polls[:], -1)
	if d.closed.Load() {
		return os.ErrClosed
	}
	if err != nil && err != unix.EINTR && err != unix.EAGAIN {
		return os.NewSyscallError("poll", err)
	}
	if polls[1].Revents != 0 {
		var n [8]byte
		_, _ = unix.Read(d.wake, n[:])
	}
	return nil
}

// Wake ends the Wait that runs, or the next.
func (d *Device) Wake(int) {
	one := [8]byte{1, 1, 1, 1, 1, 1, 1, 1} // any number, in any byte order
	_, _ = unix.Write(d.wake, one[:])
}

// WritePacket writes one packet from its parts, of which the first is the header.
func (d *Device) WritePacket(_ int, parts [][]byte) error {
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
	_, _, errno := unix.Syscall(unix.SYS_WRITEV, uintptr(d.fd), uintptr(unsafe.Pointer(&vector)), uintptr(n))
	if errno != 0 {
		return errno
	}
	return nil
}

// Shut ends Wait for good. Reads and writes still work until Close.
func (d *Device) Shut() {
	d.closed.Store(true)
	d.Wake(0)
}

// Close removes the device. Nobody may use it any longer.
func (d *Device) Close() error {
	return errors.Join(unix.Close(d.fd), unix.Close(d.wake))
}
