package xfrm

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
)

// linkAlias is what `ip link` shows of an interface of ours.
const linkAlias = "culvert"

// takeLink makes an XFRM interface, unless another policy has it.
func (r *routes) takeLink(name string, ifID uint32) error {
	if r.links[name]++; r.links[name] > 1 {
		return nil
	}
	err := r.handle.LinkAdd(&netlink.Xfrmi{LinkAttrs: netlink.LinkAttrs{Name: name}, Ifid: ifID})
	if err != nil {
		delete(r.links, name)
		return fmt.Errorf("interface %s: %w", name, err)
	}
	if err := r.showLink(name); err != nil {
		return errors.Join(fmt.Errorf("interface %s: %w", name, err), r.giveLink(name))
	}
	return nil
}

// showLink says whose an interface is, and brings it up.
func (r *routes) showLink(name string) error {
	l, err := r.handle.LinkByName(name)
	if err != nil {
		return err
	}
	return errors.Join(r.handle.LinkSetAlias(l, linkAlias), r.handle.LinkSetUp(l))
}

// giveLink undoes takeLink.
func (r *routes) giveLink(name string) error {
	if r.links[name]--; r.links[name] > 0 {
		return nil
	}
	delete(r.links, name)
	l, err := r.handle.LinkByName(name)
	if err != nil {
		return nil // it is gone
	}
	return gone(r.handle.LinkDel(l))
}

// sweepLinks removes the interfaces of a predecessor, which it has named as its own.
func (r *routes) sweepLinks() error {
	links, err := r.handle.LinkList()
	if err != nil {
		return err
	}
	var errs []error
	for _, l := range links {
		if l.Type() == "xfrm" && l.Attrs().Alias == linkAlias {
			errs = append(errs, gone(r.handle.LinkDel(l)))
		}
	}
	return errors.Join(errs...)
}
