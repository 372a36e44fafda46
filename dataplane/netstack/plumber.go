package netstack

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"culvert/dataplane"
	"culvert/spd"
)

// A plumber keeps the addresses of the stack in step with policies, and knows where they lead (see user.Plumber).
type plumber struct {
	mu        sync.Mutex
	addresses addresses
	policies  map[dataplane.PolicyID]dataplane.Policy
}

func newPlumber(s *stack.Stack) *plumber {
	return &plumber{addresses: addresses{stack: s, users: make(map[netip.Addr]int)}, policies: make(map[dataplane.PolicyID]dataplane.Policy)}
}

// Set is that of user.Plumber.
func (p *plumber) Set(policy dataplane.Policy) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, a := range policy.VirtualIPs {
		if err := p.addresses.take(a.Addr()); err != nil {
			p.give(policy.VirtualIPs[:i])
			return err
		}
	}
	p.give(p.policies[policy.ID].VirtualIPs)
	p.policies[policy.ID] = policy
	return nil
}

// Remove is that of user.Plumber.
func (p *plumber) Remove(id dataplane.PolicyID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.give(p.policies[id].VirtualIPs)
	delete(p.policies, id)
	return nil
}

func (p *plumber) give(list []netip.Prefix) {
	for _, a := range list {
		p.addresses.give(a.Addr())
	}
}

// Unprotected is that of user.Plumber: nothing leaves the stack but through the device.
func (p *plumber) Unprotected() (uint64, error) { return 0, nil }

// Warnings is that of user.Plumber.
func (p *plumber) Warnings() []error { return nil }

// Close is that of user.Plumber.
func (p *plumber) Close() error { return nil }

// An UnreachableError says that no tunnel leads to an address.
type UnreachableError struct {
	Remote   netip.AddrPort
	Networks []string // to which tunnels lead
}

// Error says what is wrong.
func (e *UnreachableError) Error() string {
	if len(e.Networks) == 0 {
		return fmt.Sprintf("%v is out of reach: no tunnel is up", e.Remote)
	}
	return fmt.Sprintf("%v is out of reach: the tunnel leads to %s only", e.Remote, strings.Join(e.Networks, ", "))
}

// Is tells that it is what the kernel calls ENETUNREACH.
func (e *UnreachableError) Is(err error) bool { return err == syscall.ENETUNREACH }

// source chooses the address from which traffic to remote takes a tunnel.
func (p *plumber) source(protocol uint8, remote netip.AddrPort) (netip.Addr, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := p.addresses.all()
	if slices.Contains(own, remote.Addr()) {
		return remote.Addr(), nil
	}
	flow := spd.Flow{Destination: remote.Addr(), Protocol: protocol, DestinationPort: remote.Port()}
	for _, policy := range p.policies {
		if policy.Action != spd.Protect || !leadsTo(policy.Remote, flow) {
			continue
		}
		for _, a := range own {
			if a.Is4() == remote.Addr().Is4() && covers(policy.Local, a) {
				return a, nil
			}
		}
	}
	return netip.Addr{}, &UnreachableError{Remote: remote, Networks: p.networks()}
}

func leadsTo(list []spd.Selector, flow spd.Flow) bool {
	return slices.ContainsFunc(list, func(s spd.Selector) bool { return s.ContainsDestination(flow) })
}

func covers(list []spd.Selector, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(s spd.Selector) bool { return s.ContainsAddr(a) })
}

// networks lists where policies lead. The caller holds the lock.
func (p *plumber) networks() []string {
	var list []string
	for _, policy := range p.policies {
		if policy.Action != spd.Protect {
			continue
		}
		for _, s := range policy.Remote {
			list = append(list, s.String())
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
