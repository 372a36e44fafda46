package tun

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// superPacket bounds the super-packets that the kernel hands over, so that one of them, sealed, is still one send.
const superPacket = 60000

// queueLength holds the packets of a burst while the reader is busy.
const queueLength = 1000

// setUp configures the interface and brings it up.
func (d *Device) setUp(mtu int) error {
	link, err := netlink.LinkByName(d.name)
	if err != nil {
		return err
	}
	d.index = link.Attrs().Index
	if err := netlink.LinkSetMTU(link, mtu); err != nil {
		return fmt.Errorf("MTU %d: %w", mtu, err)
	}
	_ = netlink.LinkSetGSOMaxSize(link, superPacket)          // Linux 4.16
	_ = netlink.LinkSetGSOIPv4MaxSize(link, superPacket)      // Linux 6.3, and in effect the default before
	if err := netlink.LinkSetMulticastOff(link); err != nil { // or the kernel reports group memberships into the tunnel
		return fmt.Errorf("multicast: %w", err)
	}
	if err := netlink.LinkSetTxQLen(link, queueLength); err != nil {
		return fmt.Errorf("queue length: %w", err)
	}
	d.quiet()
	return netlink.LinkSetUp(link)
}

// SetMTU changes the MTU of the device.
func (d *Device) SetMTU(octets int) error {
	request, err := unix.NewIfreq(d.name)
	if err != nil {
		return err
	}
	request.SetUint32(uint32(octets))
	return os.NewSyscallError("SIOCSIFMTU", unix.IoctlIfreq(d.host, unix.SIOCSIFMTU, request))
}

// quiet keeps the kernel from sending packets of its own into the tunnel, such as router solicitations, which no policy
// covers. Hosts without IPv6 lack the files.
func (d *Device) quiet() {
	const noAddress = "1" // IN6_ADDR_GEN_MODE_NONE
	for name, value := range map[string]string{"addr_gen_mode": noAddress, "accept_ra": "0", "router_solicitations": "0", "disable_ipv6": "0"} {
		_ = os.WriteFile(filepath.Join("/proc/sys/net/ipv6/conf", d.name, name), []byte(value), 0)
	}
}
