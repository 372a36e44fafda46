package route

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

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
