package netstack

import (
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// largestLink is the largest MTU that is made use of: that of jumbo frames. Loopback would have one that no ESP packet in UDP
// can fill.
const largestLink = 9000

// LinkMTU tells how large packets the first link to a host carries, 0 if there is no way. It asks a socket, as anybody may.
func (p *plumber) LinkMTU(remote netip.Addr) int {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(remote, 4500))) // sends nothing
	if err != nil {
		return 0
	}
	defer c.Close()
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	level, option := unix.IPPROTO_IP, unix.IP_MTU
	if remote.Is6() {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_MTU
	}
	mtu := 0
	err = raw.Control(func(fd uintptr) {
		if n, err := unix.GetsockoptInt(int(fd), level, option); err == nil {
			mtu = min(n, largestLink)
		}
	})
	if err != nil {
		return 0
	}
	return mtu
}
