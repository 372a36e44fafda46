package xfrm

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
)

// takeLink makes an XFRM interface, unless another policy has it.
func (r *routes) takeLink(name string, ifID uint32) error {
	if r.links[name]++; r.links[name] > 1 {
		return nil
	}
	there, err := r.adopt(name, ifID)
	if there {
		return nil
	}
	if err == nil {
		err = r.makeLink(name, ifID)
	}
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
	return errors.Join(r.handle.LinkSetAlias(l, r.alias), r.handle.LinkSetUp(l))
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

// Index returns the number of a network device.
func (r *routes) Index(device string) (uint32, error) {
	l, err := r.handle.LinkByName(device)
	if err != nil {
		return 0, err
	}
	return uint32(l.Attrs().Index), nil
}

// inheritLinks notes the interfaces of a predecessor, which it has named as its own.
func (r *routes) inheritLinks() error {
	links, err := r.handle.LinkList()
	if err != nil {
		return err
	}
	r.left.links = make(map[string]*netlink.Xfrmi)
	for _, l := range links {
		if x, ok := l.(*netlink.Xfrmi); ok && x.Alias == r.alias {
			r.left.links[x.Name] = x
		}
	}
	return nil
}

// adopt tells whether a predecessor has left just the interface that is wanted. Another one of that name goes.
func (r *routes) adopt(name string, ifID uint32) (bool, error) {
	left := r.left.links[name]
	switch {
	case left == nil:
		return false, nil
	case left.Ifid == ifID:
		return true, nil
	}
	delete(r.left.links, name)
	return false, gone(r.handle.LinkDel(left))
}
