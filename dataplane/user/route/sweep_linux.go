package route

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// leftovers are rules and routes of a predecessor that crashed, known by their protocol number and place. Its device is gone, so
// they lead nowhere: what its policies protected does not leave in the clear as long as they stand. The rules of a successor
// come behind those of the same preference.
type leftovers struct {
	rules  []oldRule // in the order in which the kernel asks them
	routes []netlink.Route
}

// An oldRule is a rule as far as it takes to remove it.
type oldRule struct{ family, preference int }

// Sweep removes what a Plumber left that was not closed, for a process that directs traffic in another way.
func Sweep() error {
	h, err := openHost(Config{})
	if err != nil {
		return fmt.Errorf("route: %w", err)
	}
	l, err := h.leftovers()
	if err == nil {
		err = h.sweep(l)
	}
	if err := errors.Join(err, h.close()); err != nil {
		return fmt.Errorf("route: leftovers: %w", err)
	}
	return nil
}

// leftovers finds what a predecessor left, before there is anything of our own.
func (h *host) leftovers() (l leftovers, err error) {
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		if err := ignoreMissingFamily(h.find(family, &l)); err != nil {
			return leftovers{}, err
		}
	}
	return l, nil
}

func (h *host) find(family int, l *leftovers) error {
	rules, err := h.handle.RuleList(family)
	if err != nil {
		return err
	}
	for _, r := range rules {
		if r.Protocol == protocol && r.Priority >= firstPreference && r.Priority <= lastPreference {
			l.rules = append(l.rules, oldRule{family, r.Priority})
		}
	}
	routes, err := h.handle.RouteListFiltered(family, &netlink.Route{Protocol: protocol, Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_PROTOCOL|netlink.RT_FILTER_TABLE)
	if err != nil {
		return err
	}
	for _, r := range routes {
		if r.Table >= firstTable && r.Table <= lastTable {
			l.routes = append(l.routes, r)
		}
	}
	return nil
}

// tables are those that hold routes.
func (l *leftovers) tables() map[int]bool {
	taken := make(map[int]bool)
	for _, r := range l.routes {
		taken[r.Table] = true
	}
	return taken
}

// sweep removes leftovers: rules first, which the routes behind them would let pass otherwise.
func (h *host) sweep(l leftovers) error {
	for _, r := range l.rules {
		if err := h.sweepRule(r); err != nil {
			return err
		}
	}
	for i := range l.routes {
		r := &l.routes[i]
		if err := h.handle.RouteDel(r); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("table %d: %w", r.Table, err)
		}
	}
	return nil
}

// sweepRule removes a rule by preference and protocol alone, which the kernel takes for the first that it finds, and that is the
// oldest.
func (h *host) sweepRule(r oldRule) error {
	req := nl.NewNetlinkRequest(unix.RTM_DELRULE, 0)
	req.AddData(&nl.RtMsg{RtMsg: unix.RtMsg{Family: uint8(r.family)}})
	req.AddData(nl.NewRtAttr(nl.FRA_PRIORITY, nl.Uint32Attr(uint32(r.preference))))
	req.AddData(nl.NewRtAttr(nl.FRA_PROTOCOL, nl.Uint8Attr(protocol)))
	if err := h.line.one(req); err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("rule %d: %w", r.preference, err)
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
