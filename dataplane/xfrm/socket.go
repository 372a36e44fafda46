package xfrm

import (
	"os"

	"golang.org/x/sys/unix"

	"culvert/dataplane/xfrm/nl"
)

// Options of sockets that package unix does not name.
const (
	ipXfrmPolicy   = 17 // IP_XFRM_POLICY
	ipv6XfrmPolicy = 35 // IPV6_XFRM_POLICY
	udpEncap       = 100
	espInUDP       = 2
)

// Exempt takes a socket out of all policies: IKE messages, and ESP in UDP before it is opened, travel as they are whatever
// the selectors of a policy say. It needs CAP_NET_ADMIN.
func Exempt(fd int, ipv6 bool) error {
	level, option := unix.SOL_IP, ipXfrmPolicy
	if ipv6 {
		level, option = unix.SOL_IPV6, ipv6XfrmPolicy
	}
	any := unspecifiedPrefix(!ipv6)
	for _, d := range []nl.PolicyDirection{nl.PolicyIn, nl.PolicyOut} {
		p := nl.Policy{PolicyID: nl.PolicyID{Direction: d, Selector: nl.Selector{Source: any, Destination: any}}, Limits: nl.NoLimits(), Action: nl.Allow}
		if err := unix.SetsockoptString(fd, level, option, string(p.AppendSocket(nil))); err != nil {
			return os.NewSyscallError("IP_XFRM_POLICY", err)
		}
	}
	return nil
}

// TakeESP has the kernel take ESP off a UDP socket (RFC 3948). IKE messages, behind their marker, stay.
func TakeESP(fd int) error {
	return os.NewSyscallError("UDP_ENCAP", unix.SetsockoptInt(fd, unix.SOL_UDP, udpEncap, espInUDP))
}
