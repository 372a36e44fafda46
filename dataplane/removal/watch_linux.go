package removal

import (
	"errors"
	"fmt"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// A Watch receives events of the network namespace in which it was made. One goroutine receives; Close may be called from others.
type Watch struct {
	conn *netlink.Conn
	read func(netlink.Message) (Event, bool)
}

// buffer is what the socket of a Watch holds, in octets: some thousand events.
const buffer = 4 << 20

// Routing watches addresses, interfaces, rules, and routes with a protocol number, in the network namespace of the calling thread.
func Routing(protocol uint8) (*Watch, error) {
	groups := []uint32{
		unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE,
		unix.RTNLGRP_IPV4_RULE, unix.RTNLGRP_IPV6_RULE,
	}
	return open(unix.NETLINK_ROUTE, routingFilter(protocol), readRouting, groups...)
}

// Filters watches tables of nftables in the network namespace of the calling thread.
func Filters() (*Watch, error) {
	return open(unix.NETLINK_NETFILTER, nftablesFilter(), readNFTables, unix.NFNLGRP_NFTABLES)
}

// XFRM watches policies and states in the network namespace of the calling thread, apart from what is removed from the port own.
func XFRM(own uint32) (*Watch, error) {
	const states, policies = 3, 4 // XFRMNLGRP_SA, XFRMNLGRP_POLICY
	read := func(m netlink.Message) (Event, bool) { return readXFRM(m), m.Header.PID != own }
	return open(unix.NETLINK_XFRM, xfrmFilter(), read, states, policies)
}

// open sets the filter before it joins groups, so that nothing else is ever in the buffer.
func open(family int, f filter, read func(netlink.Message) (Event, bool), groups ...uint32) (*Watch, error) {
	c, err := netlink.Dial(family, nil)
	if err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	_ = c.SetReadBuffer(buffer) // a smaller one overflows earlier, which is handled
	code, err := f.assemble()
	if err == nil {
		err = c.SetBPF(code)
	}
	for _, g := range groups {
		if err == nil {
			err = c.JoinGroup(g)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("watch: %w", err), c.Close())
	}
	return &Watch{c, read}, nil
}

// Receive gives events to f until Close.
func (w *Watch) Receive(f func(Event)) {
	for {
		messages, err := w.conn.Receive()
		switch {
		case errors.Is(err, unix.ENOBUFS):
			f(Event{Kind: Lost})
		case err != nil:
			return
		}
		for _, m := range messages {
			if e, ok := w.read(m); ok {
				f(e)
			}
		}
	}
}

// Close ends Receive.
func (w *Watch) Close() error { return w.conn.Close() }
