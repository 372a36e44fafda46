package route

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// behind is the metric of the unreachable routes, the last in order.
const behind = 1<<31 - 1

// addRoute leads a destination into the device, and nowhere when the device is gone.
func (h *host) addRoute(r route) error {
	refusals, err := h.askRoutes(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, r)
	for _, refusal := range refusals {
		err = cmp.Or(err, ignoreMissingFamily(refusal))
	}
	if err != nil {
		return fmt.Errorf("route to %v in table %d: %w", r.remote, r.table, err)
	}
	return nil
}

// restoreRoute is addRoute for what may be there, both or one of the two. While the device is down there is but the fallback.
func (h *host) restoreRoute(r route) (missing bool, err error) {
	refusals, err := h.askRoutes(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, r)
	for _, refusal := range refusals {
		if errors.Is(refusal, unix.ENETDOWN) {
			continue
		}
		one, failed := restored(refusal)
		missing, err = missing || one, cmp.Or(err, failed)
	}
	if err != nil {
		return missing, fmt.Errorf("route to %v in table %d: %w", r.remote, r.table, err)
	}
	return missing, nil
}

func (h *host) deleteRoute(r route) error {
	r.source = netip.Addr{} // whatever it is
	refusals, err := h.askRoutes(unix.RTM_DELROUTE, 0, r)
	for _, refusal := range refusals {
		if refusal = ignoreMissingFamily(refusal); !errors.Is(refusal, unix.ESRCH) {
			err = cmp.Or(err, refusal)
		}
	}
	if err != nil {
		return fmt.Errorf("remove route to %v in table %d: %w", r.remote, r.table, err)
	}
	return nil
}

// askRoutes asks about the fallback first, so that the other is never without.
func (h *host) askRoutes(kind, flags int, r route) (refusals []error, err error) {
	into := r.request(kind, flags, &nl.RtMsg{RtMsg: unix.RtMsg{Type: unix.RTN_UNICAST, Scope: unix.RT_SCOPE_LINK}})
	into.AddData(nl.NewRtAttr(unix.RTA_OIF, nl.Uint32Attr(uint32(h.config.Index))))
	if r.source.Is4() {
		into.AddData(nl.NewRtAttr(unix.RTA_PREFSRC, r.source.AsSlice()))
	}
	fallback := r.request(kind, flags, &nl.RtMsg{RtMsg: unix.RtMsg{Type: unix.RTN_UNREACHABLE}})
	fallback.AddData(nl.NewRtAttr(unix.RTA_PRIORITY, nl.Uint32Attr(behind)))
	return h.line.ask(fallback, into)
}

// request begins a request about a route with what its kinds have in common.
func (r *route) request(kind, flags int, m *nl.RtMsg) *nl.NetlinkRequest {
	m.Family, m.Dst_len, m.Protocol = unix.AF_INET, uint8(r.remote.Bits()), protocol
	if r.remote.Addr().Is6() {
		m.Family = unix.AF_INET6
	}
	req := nl.NewNetlinkRequest(kind, flags)
	req.AddData(m)
	req.AddData(nl.NewRtAttr(unix.RTA_DST, r.remote.Addr().AsSlice()))
	req.AddData(nl.NewRtAttr(unix.RTA_TABLE, nl.Uint32Attr(uint32(r.table))))
	return req
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

func (h *host) raise() (was bool, err error) {
	l, err := h.handle.LinkByIndex(h.config.Index)
	if err != nil || l.Attrs().Flags&net.FlagUp != 0 {
		return false, nil // it is gone, or up again
	}
	if err := h.handle.LinkSetUp(l); err != nil {
		return false, fmt.Errorf("set %s up: %w", h.config.Interface, err)
	}
	return true, nil
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
