package xfrm

import (
	"net"

	"github.com/vishvananda/netlink"
)

// mendLinks makes the interfaces anew that others have deleted, and sets those up that they have set down. Addresses and routes went
// with them.
func (r *routes) mendLinks() (n int) {
	mended := make(map[string]bool)
	for _, needs := range r.policies {
		if needs.link == "" {
			continue
		}
		if _, seen := mended[needs.link]; !seen {
			if mended[needs.link] = r.mendLink(needs.link, needs.ifID); mended[needs.link] {
				n++
			}
		}
		if mended[needs.link] {
			r.redirect(needs)
		}
	}
	return n
}

// mendLink tells whether an interface was not as it should be, and is now.
func (r *routes) mendLink(name string, ifID uint32) bool {
	l, err := r.handle.LinkByName(name)
	if err == nil && l.Attrs().Flags&net.FlagUp != 0 {
		return false
	}
	if err != nil && r.makeLink(name, ifID) != nil {
		return false // the next event is another occasion
	}
	return r.showLink(name) == nil
}

func (r *routes) makeLink(name string, ifID uint32) error {
	return r.handle.LinkAdd(&netlink.Xfrmi{LinkAttrs: netlink.LinkAttrs{Name: name}, Ifid: ifID})
}

// redirect leads routes into an interface that may have another number now.
func (r *routes) redirect(needs *needs) {
	l, err := r.handle.LinkByName(needs.link)
	if err != nil {
		return
	}
	for i := range needs.routes {
		needs.routes[i].LinkIndex = l.Attrs().Index
	}
}
