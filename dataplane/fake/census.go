package fake

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"culvert/dataplane"
)

// A Census says how much a backend holds.
type Census struct {
	SPIs     int // allocated, with SA or without
	Inbound  int
	Outbound int
	Policies int
}

// Census counts.
func (b *Backend) Census() Census {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := Census{SPIs: len(b.spis), Policies: len(b.policies)}
	for _, in := range b.spis {
		if in != nil {
			c.Inbound++
		}
	}
	for _, p := range b.policies {
		c.Outbound += len(p.outs)
	}
	return c
}

// A Child is the SAs of one policy, by SPI.
type Child struct {
	Policy   dataplane.Policy
	Inbound  []uint32 // in order
	Outbound []uint32 // the last one carries the traffic
}

// Children returns the policies in the order of their IDs, each with its SAs. Inbound SAs whose policy is gone are not in it.
func (b *Backend) Children() []Child {
	b.mu.Lock()
	defer b.mu.Unlock()
	inbound := map[dataplane.PolicyID][]uint32{}
	for spi, in := range b.spis {
		if in != nil {
			inbound[in.policy] = append(inbound[in.policy], spi)
		}
	}
	var children []Child
	for _, p := range b.policies {
		c := Child{Policy: p.Policy, Inbound: inbound[p.ID]}
		slices.Sort(c.Inbound)
		for _, out := range p.outs {
			c.Outbound = append(c.Outbound, out.esp.SPI())
		}
		children = append(children, c)
	}
	slices.SortFunc(children, func(x, y Child) int { return cmp.Compare(x.Policy.ID, y.Policy.ID) })
	return children
}

// Check reports everything that should not be there once the engine above is at rest: SPIs without SA, SAs without policy, and
// policies with SAs in one direction only.
func (b *Backend) Check() error {
	return errors.Join(append(b.strays(), b.lopsided()...)...)
}

func (b *Backend) strays() (found []error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, spi := range slices.Sorted(maps.Keys(b.spis)) {
		switch in := b.spis[spi]; {
		case in == nil:
			found = append(found, fmt.Errorf("SPI %08x is allocated and has no SA", spi))
		case b.policies[in.policy] == nil:
			found = append(found, fmt.Errorf("inbound SA %08x: its policy %d is gone", spi, in.policy))
		}
	}
	return found
}

func (b *Backend) lopsided() (found []error) {
	for _, c := range b.Children() {
		if (len(c.Inbound) == 0) != (len(c.Outbound) == 0) {
			found = append(found, fmt.Errorf("policy %d (%s): inbound SAs %08x, outbound SAs %08x", c.Policy.ID, c.Policy.Name, c.Inbound, c.Outbound))
		}
	}
	return found
}
