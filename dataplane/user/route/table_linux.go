package route

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// behind is the metric of the unreachable routes, the last in order.
const behind = 1<<31 - 1

// addRoute leads a destination into the device, and nowhere when the device is gone.
func (h *host) addRoute(r route) error {
	for _, nlr := range h.routes(r) {
		if err := ignoreMissingFamily(h.handle.RouteReplace(nlr)); err != nil {
			return fmt.Errorf("route to %v in table %d: %w", r.remote, r.table, err)
		}
	}
	return nil
}

// restoreRoute is addRoute for what may be there, both or one of the two. While the device is down there is but the fallback.
func (h *host) restoreRoute(r route) (missing bool, err error) {
	for _, nlr := range h.routes(r) {
		one, err := restored(h.handle.RouteAdd(nlr))
		if errors.Is(err, unix.ENETDOWN) {
			return missing, nil
		}
		if err != nil {
			return missing, fmt.Errorf("route to %v in table %d: %w", r.remote, r.table, err)
		}
		missing = missing || one
	}
	return missing, nil
}

func (h *host) deleteRoute(r route) error {
	for _, nlr := range h.routes(r) {
		nlr.Src = nil
		if err := ignoreMissingFamily(h.handle.RouteDel(nlr)); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("remove route to %v in table %d: %w", r.remote, r.table, err)
		}
	}
	return nil
}

// routes returns the fallback first, so that the other is never without.
func (h *host) routes(r route) []*netlink.Route {
	into := &netlink.Route{LinkIndex: h.config.Index, Dst: ipNet(r.remote), Table: r.table, Protocol: protocol, Scope: netlink.SCOPE_LINK, Type: unix.RTN_UNICAST}
	if r.source.Is4() {
		into.Src = r.source.AsSlice()
	}
	return []*netlink.Route{{Dst: ipNet(r.remote), Table: r.table, Protocol: protocol, Type: unix.RTN_UNREACHABLE, Priority: behind}, into}
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// addAddress puts an address on the device, without the route that would come with it, and without asking the link
// whether somebody else has it.
func (h *host) addAddress(a address) error {
	if err := ignoreMissingFamily(h.handle.AddrReplace(h.device(), h.address(a))); err != nil {
		return fmt.Errorf("address %v: %w", a, err)
	}
	return nil
}

func (h *host) restoreAddress(a address) (missing bool, err error) {
	if missing, err = restored(h.handle.AddrAdd(h.device(), h.address(a))); err != nil {
		return false, fmt.Errorf("address %v: %w", a, err)
	}
	return missing, nil
}

func (h *host) deleteAddress(a address) error {
	if err := ignoreMissingFamily(h.handle.AddrDel(h.device(), h.address(a))); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
		return fmt.Errorf("remove address %v: %w", a, err)
	}
	return nil
}

func (h *host) device() netlink.Link {
	return &netlink.GenericLink{LinkAttrs: netlink.LinkAttrs{Name: h.config.Interface, Index: h.config.Index}}
}

// present goes by number and name, since numbers may be given to others.
func (h *host) present() bool {
	l, err := h.handle.LinkByIndex(h.config.Index)
	return err == nil && l.Attrs().Name == h.config.Interface
}

func (h *host) address(a address) *netlink.Addr {
	return &netlink.Addr{IPNet: ipNet(a), Flags: unix.IFA_F_NODAD | unix.IFA_F_NOPREFIXROUTE}
}

func (h *host) localAddresses() ([]address, error) {
	list, err := h.handle.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return nil, err
	}
	var own, others []address
	for _, a := range list {
		ip, ok := netip.AddrFromSlice(a.IP)
		if !ok || a.Scope > unix.RT_SCOPE_SITE { // site-local ones are as global ones (RFC 3879, Section 4)
			continue
		}
		bits, _ := a.Mask.Size()
		local := netip.PrefixFrom(ip.Unmap(), bits)
		if a.LinkIndex == h.config.Index {
			own = append(own, local)
		} else {
			others = append(others, local)
		}
	}
	return append(own, others...), nil
}
