package netio

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// A slot holds what one message of a batch needs beside its payload. It does not move while the kernel uses it.
type slot struct {
	name    unix.RawSockaddrInet6 // also wide enough for IPv4
	iov     [2]unix.Iovec
	control [controlSize]byte
}

// controlSize has room for packet info, traffic class, losses and segment size, or for an error with the address that raised it.
const controlSize = 160

// putName writes a socket address and returns its length.
func putName(sa *unix.RawSockaddrInet6, to netip.AddrPort) uint32 {
	if to.Addr().Is4() {
		sa4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
		*sa4 = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: to.Addr().As4()}
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&sa4.Port))[:], to.Port())
		return unix.SizeofSockaddrInet4
	}
	*sa = unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: to.Addr().As16(), Scope_id: scope(to.Addr())}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&sa.Port))[:], to.Port())
	return unix.SizeofSockaddrInet6
}

// getName reads a socket address; ok is false when the kernel wrote none.
func getName(sa *unix.RawSockaddrInet6, length uint32) (from netip.AddrPort, ok bool) {
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&sa.Port))[:])
	switch {
	case sa.Family == unix.AF_INET && length >= unix.SizeofSockaddrInet4:
		sa4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
		return netip.AddrPortFrom(netip.AddrFrom4(sa4.Addr), port), true
	case sa.Family == unix.AF_INET6 && length >= unix.SizeofSockaddrInet6:
		return netip.AddrPortFrom(scoped(netip.AddrFrom16(sa.Addr), sa.Scope_id), port), true
	}
	return netip.AddrPort{}, false
}

// scope and scoped translate between zones and interface numbers; a zone is always written as the number.
func scope(a netip.Addr) uint32 {
	if a.Zone() == "" {
		return 0
	}
	n, err := strconv.ParseUint(a.Zone(), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

func scoped(a netip.Addr, index uint32) netip.Addr {
	if index == 0 || !a.IsLinkLocalUnicast() {
		return a.Unmap()
	}
	return a.WithZone(strconv.FormatUint(uint64(index), 10))
}

// putControl writes the control messages of a sent packet: its source address, traffic class, and segment size when it
// is to be cut. It returns their length.
func putControl(b *[controlSize]byte, v6 bool, from netip.Addr, tos uint8, segment int) int {
	n := 0
	if from.IsValid() && !from.IsUnspecified() {
		n = putSource(b, from)
	}
	if tos != 0 {
		level, kind := int32(unix.SOL_IP), int32(unix.IP_TOS)
		if v6 {
			level, kind = unix.SOL_IPV6, unix.IPV6_TCLASS
		}
		binary.NativeEndian.PutUint32(header(b, &n, level, kind, 4), uint32(tos))
	}
	if segment > 0 {
		binary.NativeEndian.PutUint16(header(b, &n, unix.SOL_UDP, unix.UDP_SEGMENT, 2), uint16(segment))
	}
	return n
}

func putSource(b *[controlSize]byte, from netip.Addr) (n int) {
	if from.Is4() {
		info := (*unix.Inet4Pktinfo)(unsafe.Pointer(&header(b, &n, unix.SOL_IP, unix.IP_PKTINFO, unix.SizeofInet4Pktinfo)[0]))
		*info = unix.Inet4Pktinfo{Spec_dst: from.As4()}
		return n
	}
	info := (*unix.Inet6Pktinfo)(unsafe.Pointer(&header(b, &n, unix.SOL_IPV6, unix.IPV6_PKTINFO, unix.SizeofInet6Pktinfo)[0]))
	*info = unix.Inet6Pktinfo{Addr: from.As16(), Ifindex: scope(from)}
	return n
}

// header writes a control message header at *n, moves *n behind the message and returns the place of its data.
func header(b *[controlSize]byte, n *int, level, kind int32, size int) []byte {
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[*n]))
	h.Level, h.Type = level, kind
	h.SetLen(unix.CmsgLen(size))
	data := b[*n+unix.CmsgLen(0):][:size]
	*n += unix.CmsgSpace(size)
	return data
}

// A control is what the kernel tells about a received packet.
type control struct {
	local   netip.Addr // where it was sent to
	tos     uint8
	segment int    // length of the packets coalesced into it, 0 when it is one
	lost    uint32 // messages for which the socket had no room before this one, of all its life; it wraps
	failure *unix.SockExtendedErr
}

// getControl reads control messages; what it does not know, and what is cut short, it skips.
func getControl(b []byte) (c control) {
	for len(b) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		size := int(h.Len)
		if size < unix.CmsgLen(0) || size > len(b) {
			return c
		}
		c.read(h.Level, h.Type, b[unix.CmsgLen(0):size])
		b = b[min(len(b), unix.CmsgSpace(size-unix.CmsgLen(0))):]
	}
	return c
}

func (c *control) read(level, kind int32, data []byte) {
	type key struct{ level, kind int32 }
	switch k := (key{level, kind}); {
	case k == key{unix.SOL_IP, unix.IP_PKTINFO} && len(data) >= unix.SizeofInet4Pktinfo:
		c.local = netip.AddrFrom4((*unix.Inet4Pktinfo)(unsafe.Pointer(&data[0])).Spec_dst)
	case k == key{unix.SOL_IPV6, unix.IPV6_PKTINFO} && len(data) >= unix.SizeofInet6Pktinfo:
		info := (*unix.Inet6Pktinfo)(unsafe.Pointer(&data[0]))
		c.local = scoped(netip.AddrFrom16(info.Addr), info.Ifindex)
	case k == key{unix.SOL_IP, unix.IP_TOS} && len(data) >= 1:
		c.tos = data[0]
	case k == key{unix.SOL_IPV6, unix.IPV6_TCLASS} && len(data) >= 4:
		c.tos = uint8(binary.NativeEndian.Uint32(data))
	case k == key{unix.SOL_SOCKET, unix.SO_RXQ_OVFL} && len(data) >= 4:
		c.lost = binary.NativeEndian.Uint32(data)
	case k == key{unix.SOL_UDP, unix.UDP_GRO} && len(data) >= 4:
		c.segment = int(int32(binary.NativeEndian.Uint32(data)))
	case (k == key{unix.SOL_IP, unix.IP_RECVERR} || k == key{unix.SOL_IPV6, unix.IPV6_RECVERR}) && len(data) >= int(unsafe.Sizeof(unix.SockExtendedErr{})):
		c.failure = (*unix.SockExtendedErr)(unsafe.Pointer(&data[0]))
	}
}
