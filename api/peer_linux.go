package api

import (
	"encoding/binary"
	"fmt"
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A peer is the process at the other end of a Unix socket, as the kernel knows it: with the rights that it had when it connected.
type peer struct {
	uid    uint32
	groups []uint32 // the primary one first
}

// peerOf asks the kernel who has connected (unix(7), SO_PEERCRED and SO_PEERGROUPS).
func peerOf(c *net.UnixConn) (p peer, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return p, err
	}
	asked := raw.Control(func(fd uintptr) {
		var who *unix.Ucred
		if who, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err != nil {
			return
		}
		p.uid = who.Uid
		p.groups, err = peerGroups(fd)
		p.groups = append([]uint32{who.Gid}, p.groups...)
	})
	if err == nil {
		err = asked
	}
	return p, err
}

// peerGroups returns the supplementary groups, of which there are at most 65536 (NGROUPS_MAX).
func peerGroups(fd uintptr) ([]uint32, error) {
	size := uint32(64 * 4)
	for {
		list := make([]byte, size)
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&list[0])), uintptr(unsafe.Pointer(&size)), 0)
		switch {
		case errno == unix.ERANGE && int(size) > len(list): // the kernel says how much it needs
			continue
		case errno != 0:
			return nil, fmt.Errorf("groups of the peer: %w", errno)
		}
		groups := make([]uint32, size/4)
		for i := range groups {
			groups[i] = binary.NativeEndian.Uint32(list[4*i:])
		}
		return groups, nil
	}
}
