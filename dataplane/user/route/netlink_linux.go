package route

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// host is the kernel of the network namespace in which it was made.
type host struct {
	config  Config
	handle  *netlink.Handle
	request *nl.SocketHandle // for rules, which the library knows in part
	wall    *wall            // nil without nftables
}

// New prepares the network namespace of the calling thread. What a predecessor that crashed left is removed; there may
// be one Plumber in a namespace.
func New(c Config) (*Plumber, error) {
	if c.Guard == "" {
		c.Guard = "culvert"
	}
	h, err := openHost(c)
	if err != nil {
		return nil, fmt.Errorf("route: %w", err)
	}
	p := newPlumber(c, h)
	p.strict = strictFilter()
	if h.wall, err = newWall(c); err != nil {
		p.note(Warning{WarnNoGuard, err})
	}
	if err := h.sweep(); err != nil {
		return nil, errors.Join(fmt.Errorf("route: leftovers: %w", err), h.close())
	}
	if p.stopping, err = p.watch(); err != nil {
		return nil, errors.Join(fmt.Errorf("route: %w", err), h.close())
	}
	return p, nil
}

func openHost(c Config) (*host, error) {
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	socket, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_ROUTE)
	if err != nil {
		handle.Close()
		return nil, err
	}
	return &host{config: c, handle: handle, request: &nl.SocketHandle{Socket: socket}}, nil
}

func (h *host) close() error {
	h.handle.Close()
	h.request.Close()
	if h.wall == nil {
		return nil
	}
	return h.wall.close()
}

func (h *host) setGuard(rules []guardRule) error {
	if h.wall == nil {
		return nil
	}
	return h.wall.set(rules)
}

func (h *host) refused() (uint64, error) {
	if h.wall == nil {
		return 0, nil
	}
	return h.wall.dropped()
}

// watch follows the addresses of the host until the returned function is called.
func (p *Plumber) watch() (stop func(), err error) {
	updates, done, ended := make(chan netlink.AddrUpdate, 16), make(chan struct{}), make(chan struct{})
	if err := netlink.AddrSubscribe(updates, done); err != nil {
		return func() {}, err
	}
	go func() {
		defer close(ended)
		for range updates {
			p.addressesChanged()
		}
	}()
	return func() { close(done); <-ended }, nil
}

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

func (h *host) deleteAddress(a address) error {
	if err := ignoreMissingFamily(h.handle.AddrDel(h.device(), h.address(a))); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
		return fmt.Errorf("remove address %v: %w", a, err)
	}
	return nil
}

func (h *host) device() netlink.Link {
	return &netlink.GenericLink{LinkAttrs: netlink.LinkAttrs{Name: h.config.Interface, Index: h.config.Index}}
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
		if !ok || a.Scope != unix.RT_SCOPE_UNIVERSE {
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

func (h *host) addRule(r rule) error {
	err := ignoreMissingFamily(h.ask(unix.RTM_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK, r))
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("rule %d: %w", r.preference, err)
	}
	return nil
}

func (h *host) deleteRule(r rule) error {
	err := ignoreMissingFamily(h.ask(unix.RTM_DELRULE, unix.NLM_F_ACK, r))
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("remove rule %d: %w", r.preference, err)
	}
	return nil
}

// findSourceFlag is FIB_RULE_FIND_SADDR.
const findSourceFlag = 0x10000

// ask sends a request about one rule.
func (h *host) ask(kind, flags int, r rule) error {
	req := nl.NewNetlinkRequest(kind, flags)
	req.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: h.request}
	m := &nl.RtMsg{RtMsg: unix.RtMsg{Family: unix.AF_INET, Type: nl.FR_ACT_NOP, Src_len: bitsOf(r.from), Dst_len: bitsOf(r.to)}}
	if r.v6 {
		m.Family = unix.AF_INET6
	}
	if r.findSource {
		m.Flags = findSourceFlag
	}
	req.AddData(m)
	number := func(kind int, v int) { req.AddData(nl.NewRtAttr(kind, nl.Uint32Attr(uint32(v)))) }
	number(nl.FRA_PRIORITY, r.preference)
	req.AddData(nl.NewRtAttr(nl.FRA_PROTOCOL, nl.Uint8Attr(protocol)))
	switch {
	case r.table != 0:
		m.Type = nl.FR_ACT_TO_TBL
		number(nl.FRA_TABLE, r.table)
	case r.jumpTo != 0:
		m.Type = nl.FR_ACT_GOTO
		number(nl.FRA_GOTO, r.jumpTo)
	}
	if r.mark != 0 {
		number(nl.FRA_FWMARK, int(r.mark))
		number(nl.FRA_FWMASK, -1)
	}
	addSelectors(req, r)
	_, err := req.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

func addSelectors(req *nl.NetlinkRequest, r rule) {
	if r.from.IsValid() && r.from.Bits() > 0 {
		req.AddData(nl.NewRtAttr(nl.FRA_SRC, r.from.Addr().AsSlice()))
	}
	if r.to.IsValid() && r.to.Bits() > 0 {
		req.AddData(nl.NewRtAttr(nl.FRA_DST, r.to.Addr().AsSlice()))
	}
	if r.protocol != 0 {
		req.AddData(nl.NewRtAttr(nl.FRA_IP_PROTO, nl.Uint8Attr(r.protocol)))
	}
	for kind, p := range map[int]ports{nl.FRA_SPORT_RANGE: r.source, nl.FRA_DPORT_RANGE: r.destination} {
		if p != (ports{}) {
			b := binary.NativeEndian.AppendUint16(nil, p.start)
			req.AddData(nl.NewRtAttr(kind, binary.NativeEndian.AppendUint16(b, p.end)))
		}
	}
}

func bitsOf(p netip.Prefix) uint8 {
	if !p.IsValid() {
		return 0
	}
	return uint8(p.Bits())
}

// sweep removes rules and routes that a predecessor left, by their protocol number and place.
func (h *host) sweep() error {
	var errs []error
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		errs = append(errs, h.sweepRules(family), h.sweepRoutes(family))
	}
	return errors.Join(errs...)
}

func (h *host) sweepRules(family int) error {
	rules, err := h.handle.RuleList(family)
	if err != nil {
		return ignoreMissingFamily(err)
	}
	for _, r := range rules {
		if r.Protocol == protocol && r.Priority >= firstPreference && r.Priority <= lastPreference {
			if err := h.sweepRule(r.Priority, family); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweepRule removes a rule by preference and protocol alone, which the kernel takes for whichever it finds first.
func (h *host) sweepRule(preference, family int) error {
	req := nl.NewNetlinkRequest(unix.RTM_DELRULE, unix.NLM_F_ACK)
	req.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: h.request}
	req.AddData(&nl.RtMsg{RtMsg: unix.RtMsg{Family: uint8(family)}})
	req.AddData(nl.NewRtAttr(nl.FRA_PRIORITY, nl.Uint32Attr(uint32(preference))))
	req.AddData(nl.NewRtAttr(nl.FRA_PROTOCOL, nl.Uint8Attr(protocol)))
	_, err := req.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

func (h *host) sweepRoutes(family int) error {
	routes, err := h.handle.RouteListFiltered(family, &netlink.Route{Protocol: protocol, Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_PROTOCOL|netlink.RT_FILTER_TABLE)
	if err != nil {
		return ignoreMissingFamily(err)
	}
	for _, r := range routes {
		if r.Table >= firstTable && r.Table <= lastTable {
			if err := h.handle.RouteDel(&r); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("table %d: %w", r.Table, err)
			}
		}
	}
	return nil
}

// ignoreMissingFamily makes nothing of a host without IPv6, which cannot send or receive what a policy says about it.
func ignoreMissingFamily(err error) error {
	if errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EOPNOTSUPP) {
		return nil
	}
	return err
}

// strictFilter reports whether any interface drops packets whose way back leads through another.
func strictFilter() bool {
	const dir = "/proc/sys/net/ipv4/conf"
	interfaces, _ := os.ReadDir(dir)
	for _, i := range interfaces {
		b, _ := os.ReadFile(dir + "/" + i.Name() + "/rp_filter")
		if strings.TrimSpace(string(b)) == "1" {
			return true
		}
	}
	return false
}
