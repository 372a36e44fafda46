package xfrm

import (
	"errors"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Virtual addresses bear the owner in the octet that says where an address comes from (IFA_PROTO, Linux 5.18). An older kernel
// does not keep it, and a daemon that is killed leaves its addresses there.

// firstOrigin is behind those that the kernel gives to addresses of its own.
const firstOrigin = 4

func originOf(o owner) int { return firstOrigin + o.number()%(256-firstOrigin) }

// A leftAddress is one that a predecessor has left on a device.
type leftAddress struct {
	device  string
	address netip.Addr
}

// whole is an address as it is given to devices: alone in its prefix.
func whole(a netip.Addr) *netlink.Addr {
	return &netlink.Addr{IPNet: network(netip.PrefixFrom(a, a.BitLen()))}
}

func (r *routes) address(device string, a netip.Addr) error {
	l, err := r.handle.LinkByName(device)
	if err != nil {
		return err
	}
	return r.handle.AddrReplace(l, r.own(a))
}

// own is an address with our mark.
func (r *routes) own(a netip.Addr) *netlink.Addr {
	at := whole(a)
	at.Flags, at.Protocol = unix.IFA_F_NODAD, r.origin
	return at
}

// dropAddress undoes address.
func (r *routes) dropAddress(device string, a netip.Addr) error {
	l, err := r.handle.LinkByName(device)
	if err != nil {
		return nil // it is gone
	}
	return gone(r.handle.AddrDel(l, whole(a)))
}

// inheritAddresses notes what a predecessor has left on loopback and on its interfaces.
func (r *routes) inheritAddresses() error {
	devices := []string{loopback}
	for name := range r.left.links {
		devices = append(devices, name)
	}
	for _, device := range devices {
		l, err := r.handle.LinkByName(device)
		if err != nil {
			return err
		}
		list, err := r.handle.AddrList(l, unix.AF_UNSPEC)
		if err != nil {
			return err
		}
		for _, at := range list {
			a, ok := netip.AddrFromSlice(at.IP)
			a = a.Unmap()
			if ones, _ := at.Mask.Size(); ok && at.Protocol == r.origin && ones == a.BitLen() {
				r.left.addresses = append(r.left.addresses, leftAddress{device, a})
			}
		}
	}
	return nil
}

// dropAddresses removes those of a predecessor that no policy has.
func (r *routes) dropAddresses() error {
	var errs []error
	for _, left := range r.left.addresses {
		if !r.hasAddress(left.device, left.address) {
			errs = append(errs, r.dropAddress(left.device, left.address))
		}
	}
	return errors.Join(errs...)
}

// hasAddress tells whether a policy has an address on a device.
func (r *routes) hasAddress(device string, a netip.Addr) bool {
	for _, n := range r.policies {
		if n.device == device && slices.ContainsFunc(n.addresses, func(p netip.Prefix) bool { return p.Addr() == a }) {
			return true
		}
	}
	return false
}
