package netstack

import (
	"fmt"
	"net/netip"
	"slices"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// addresses are those of the stack. The Plumber's lock guards them.
type addresses struct {
	stack *stack.Stack
	users map[netip.Addr]int // policies that want it; 0: it is kept for its connections
}

// take adds a user of an address. The first takes the place of addresses of the family that nobody wants any more.
func (a *addresses) take(addr netip.Addr) error {
	if _, there := a.users[addr]; !there {
		address := tcpip.ProtocolAddress{Protocol: protocolOf(addr), AddressWithPrefix: tcpip.AddrFromSlice(addr.AsSlice()).WithPrefix()}
		if err := a.stack.AddProtocolAddress(nic, address, stack.AddressProperties{}); err != nil {
			return fmt.Errorf("address %v: %v", addr, err)
		}
	}
	a.users[addr]++
	for other, n := range a.users {
		if n == 0 && other.Is4() == addr.Is4() {
			a.drop(other)
		}
	}
	return nil
}

// give takes a user away. The address stays.
func (a *addresses) give(addr netip.Addr) { a.users[addr]-- }

// drop removes an address and ends the connections that have it.
func (a *addresses) drop(addr netip.Addr) {
	delete(a.users, addr)
	local := tcpip.AddrFromSlice(addr.AsSlice())
	for _, e := range a.stack.RegisteredEndpoints() {
		if s, ok := e.(tcpip.Endpoint); ok && holds(s, local) {
			e.Abort() // while it can still tell the other end
		}
	}
	a.stack.RemoveAddress(nic, local)
}

// holds tells whether an endpoint is bound to an address.
func holds(e tcpip.Endpoint, local tcpip.Address) bool {
	at, err := e.GetLocalAddress()
	return err == nil && at.Addr == local
}

// all lists the addresses that policies want, IPv4 first.
func (a *addresses) all() []netip.Addr {
	var out []netip.Addr
	for addr, n := range a.users {
		if n > 0 {
			out = append(out, addr)
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}
