package route

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"culvert/dataplane/removal"
)

// fakeKernel keeps what it is told, and fails when it is told to.
type fakeKernel struct {
	rules     map[rule]bool
	routes    map[route]bool
	addresses map[address]bool
	guards    []guardRule
	local     []address
	failAfter int // operations that still succeed; negative is for ever
	closed    bool
	breached  bool // the guard is not what it was set to
	bereft    bool // the device is gone
	down      bool // the device
}

var errKernel = errors.New("kernel says no")

func newFakeKernel() *fakeKernel {
	return &fakeKernel{rules: make(map[rule]bool), routes: make(map[route]bool), addresses: make(map[address]bool), failAfter: -1}
}

func (k *fakeKernel) step() error {
	if k.failAfter == 0 {
		return errKernel
	}
	k.failAfter--
	return nil
}

func (k *fakeKernel) addRule(r rule) error {
	if err := k.step(); err != nil {
		return err
	}
	if k.rules[r] {
		return fmt.Errorf("rule %+v is there", r)
	}
	k.rules[r] = true
	return nil
}

func (k *fakeKernel) deleteRule(r rule) error {
	if !k.rules[r] {
		return fmt.Errorf("rule %+v is not there", r)
	}
	delete(k.rules, r)
	return nil
}

func (k *fakeKernel) restoreRule(r rule) (bool, error) {
	if k.rules[r] {
		return false, nil
	}
	return true, k.addRule(r)
}

func (k *fakeKernel) restoreRoute(r route) (bool, error) {
	if k.routes[r] {
		return false, nil
	}
	return true, k.addRoute(r)
}

func (k *fakeKernel) restoreAddress(a address) (bool, error) {
	if k.addresses[a] {
		return false, nil
	}
	return true, k.addAddress(a)
}

func (k *fakeKernel) guarded() bool { return !k.breached }
func (k *fakeKernel) present() bool { return !k.bereft }

func (k *fakeKernel) raise() (bool, error) {
	was := k.down
	k.down = false
	return was, nil
}

func (k *fakeKernel) linkMTU(netip.Addr) int { return 1500 }

func (k *fakeKernel) addRoute(r route) error {
	if err := k.step(); err != nil {
		return err
	}
	_ = k.deleteRoute(r)
	k.routes[r] = true
	return nil
}

// deleteRoute does not look at the source, as the real one.
func (k *fakeKernel) deleteRoute(r route) error {
	maps.DeleteFunc(k.routes, func(o route, _ bool) bool { return o.table == r.table && o.remote == r.remote })
	return nil
}

func (k *fakeKernel) addAddress(a address) error {
	if err := k.step(); err != nil {
		return err
	}
	k.addresses[a] = true
	return nil
}

func (k *fakeKernel) deleteAddress(a address) error {
	delete(k.addresses, a)
	return nil
}

func (k *fakeKernel) localAddresses() ([]address, error) {
	if err := k.step(); err != nil {
		return nil, err
	}
	return slices.AppendSeq(slices.Clone(k.local), maps.Keys(k.addresses)), nil
}

func (k *fakeKernel) setGuard(g []guardRule) error {
	k.guards, k.breached = g, false
	return k.step()
}

func (k *fakeKernel) refused() (uint64, error) { return 42, nil }
func (k *fakeKernel) settled() error           { return nil }
func (k *fakeKernel) close() error             { k.closed = true; return nil }

// empty reports whether nothing is left.
func (k *fakeKernel) empty() bool {
	return len(k.rules) == 0 && len(k.routes) == 0 && len(k.addresses) == 0 && len(k.guards) == 0
}

// find returns where a packet goes: "device", "bypass" or "main".
func (k *fakeKernel) find(from, to string, protocol uint8, source, destination uint16) string {
	f, d := netip.MustParseAddr(from), netip.MustParseAddr(to)
	ordered := slices.SortedFunc(maps.Keys(k.rules), func(a, b rule) int { return a.preference - b.preference })
	for _, r := range ordered {
		if r.v6 != d.Is6() || r.mark != 0 || !r.takes(f, d, protocol, source, destination) {
			continue
		}
		if r.jumpTo != 0 {
			return "bypass"
		}
		for to := range k.routes {
			if to.table == r.table && to.remote.Contains(d) {
				return "device"
			}
		}
	}
	return "main"
}

func (r rule) takes(from, to netip.Addr, protocol uint8, source, destination uint16) bool {
	inPrefix := func(p netip.Prefix, a netip.Addr) bool { return !p.IsValid() || p.Bits() == 0 || p.Contains(a) }
	inPorts := func(p ports, n uint16) bool { return p == ports{} || p.start <= n && n <= p.end }
	unbound := r.findSource && from.IsUnspecified()
	return (inPrefix(r.from, from) || unbound) && inPrefix(r.to, to) && (r.protocol == 0 || r.protocol == protocol) &&
		inPorts(r.source, source) && inPorts(r.destination, destination) && (r.table != 0 || r.jumpTo != 0)
}

// addressesChanged tells a Plumber that an address has come.
func addressesChanged(p *Plumber) { happen(p, removal.Event{Kind: removal.Arrival}) }

// happen has a Plumber hear of events, and do what they ask for.
func happen(p *Plumber, events ...removal.Event) {
	wanted := false
	for _, e := range events {
		wanted = p.missing.note(&p.config, e) || wanted
	}
	if wanted {
		p.mend()
	}
}
