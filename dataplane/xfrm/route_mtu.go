package xfrm

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

// LinkMTU is what the first link to a host carries, 0 if there is no way.
func (r *routes) LinkMTU(to netip.Addr) int {
	found, err := r.handle.RouteGetWithOptions(to.AsSlice(), &netlink.RouteGetOptions{Mark: r.mark})
	if err != nil || len(found) == 0 {
		return 0
	}
	l, err := r.handle.LinkByIndex(found[0].LinkIndex)
	if err != nil {
		return 0
	}
	return min(l.Attrs().MTU, largestLink)
}

// largestLink is the largest MTU that is made use of: that of jumbo frames. Loopback has a larger one.
const largestLink = 9000

// Fit has packets that take the routes of a policy be of mtu octets at most; 0: as the kernel reckons.
func (r *routes) Fit(id dataplane.PolicyID, mtu int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fits[id] == mtu {
		return nil
	}
	r.fits[id] = mtu
	if mtu == 0 {
		delete(r.fits, id)
	}
	n := r.policies[id]
	if n == nil {
		return nil
	}
	var errs []error
	for i := range n.routes {
		n.routes[i].MTU = r.routeMTU(id, n.routes[i].Family)
		if err := r.handle.RouteReplace(&n.routes[i]); err != nil {
			errs = append(errs, fmt.Errorf("route to %v: %w", n.routes[i].Dst, err))
		}
	}
	return errors.Join(errs...)
}

// minMTU6 is what every link carries of IPv6 (RFC 8200, Section 5): smaller packets than that are not asked for.
const minMTU6 = 1280

// routeMTU is that of a policy's routes of a family.
func (r *routes) routeMTU(id dataplane.PolicyID, family int) int {
	mtu := r.fits[id]
	if mtu > 0 && family == unix.AF_INET6 {
		return max(mtu, minMTU6)
	}
	return mtu
}

// deleteRoute removes a route, whatever MTU the last policy that had it gave to it.
func (r *routes) deleteRoute(route netlink.Route) error {
	route.MTU = 0
	return gone(r.handle.RouteDel(&route))
}
