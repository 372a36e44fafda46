package netio

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

// A tosSocket is a plain socket that is told the class of what arrives.
func tosSocket(t *testing.T, network, address string) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(address), 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		level, option := unix.SOL_IP, unix.IP_RECVTOS
		if network == "udp6" {
			level, option = unix.SOL_IPV6, unix.IPV6_RECVTCLASS
		}
		if err := unix.SetsockoptInt(int(fd), level, option, 1); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The class of an IKE message is what the peer's socket sees; the next message has none again.
func TestMessagesBearTheirDSCP(t *testing.T) {
	for network, address := range map[string]string{"udp4": "127.0.0.1", "udp6": "::1"} {
		e, peer := newEnd(t, address), tosSocket(t, network, address)
		path := dataplane.Path{Local: e.at(address, roleIKE), Remote: netip.MustParseAddrPort(peer.LocalAddr().String())}
		for _, dscp := range []uint8{46, 0} {
			if err := e.SendIKEAs(path, make([]byte, 28), Manner{DSCP: dscp}); err != nil {
				t.Fatal(err)
			}
			_ = peer.SetReadDeadline(time.Now().Add(patience))
			oob := make([]byte, 128)
			_, n, _, _, err := peer.ReadMsgUDP(make([]byte, 100), oob)
			if err != nil {
				t.Fatal(err)
			}
			list, err := unix.ParseSocketControlMessage(oob[:n])
			if err != nil || len(list) != 1 || list[0].Data[0] != dscp<<2 {
				t.Errorf("%s with DSCP %d: %v, %v", network, dscp, list, err)
			}
		}
	}
}
