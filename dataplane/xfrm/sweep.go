package xfrm

import (
	"errors"
	"fmt"
	"slices"

	"culvert/dataplane/xfrm/nl"
)

// Sweep removes what a predecessor with the same Owner left, for a process with another data plane: a policy of the kernel takes
// packets before they find any other way. Where there is no XFRM nothing is left.
func Sweep(c Config) error {
	conn, err := nl.Dial()
	if err != nil {
		return nil
	}
	defer conn.Close()
	b := newBackend(c, conn, nil, nil)
	if err := errors.Join(b.sweep(), sweepRoutes(c)); err != nil {
		return fmt.Errorf("leftovers of the kernel's data plane: %w", err)
	}
	return nil
}

func sweepRoutes(c Config) error {
	r, err := newRoutes(c)
	if err != nil {
		return err
	}
	return errors.Join(r.Settled(), r.Close())
}

// sweep removes the states and policies that are ours by their marks.
func (b *Backend) sweep() error {
	policies, err := b.ownPolicies()
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range policies {
		errs = append(errs, absent(b.kernel.DeletePolicy(&p.PolicyID)))
	}
	return errors.Join(append(errs, b.sweepStates(named(policies)))...)
}

func (b *Backend) ownPolicies() ([]*nl.Policy, error) {
	policies, err := b.kernel.Policies()
	return slices.DeleteFunc(policies, func(p *nl.Policy) bool { return !b.owner.hasPolicy(p) }), err
}

// named are the reqids that the templates of policies have.
func named(policies []*nl.Policy) map[uint32]bool {
	ids := map[uint32]bool{}
	for _, p := range policies {
		for i := range p.Templates {
			if id := p.Templates[i].ReqID; id != 0 {
				ids[id] = true
			}
		}
	}
	return ids
}

// sweepStates removes the states that are ours by their reqids, or as our policies name those.
func (b *Backend) sweepStates(ours map[uint32]bool) error {
	states, err := b.kernel.States()
	errs := []error{err}
	for _, s := range states {
		if (b.owner.hasState(s) || ours[s.ReqID]) && s.SPI != 0 { // without an SPI it waits for one, and goes by itself
			errs = append(errs, absent(b.kernel.DeleteState(&s.StateID)))
		}
	}
	return errors.Join(errs...)
}

// inherit removes the SAs of a predecessor that crashed, and notes its policies: without SAs they hold back what they protected.
func (b *Backend) inherit() error {
	policies, err := b.ownPolicies()
	if err != nil {
		return err
	}
	for _, p := range policies {
		b.left = append(b.left, p.PolicyID)
		for i := range p.Templates {
			if id := p.Templates[i].ReqID; b.owner.gave(id) {
				b.slots.avoid(id)
			}
		}
	}
	return b.sweepStates(named(policies))
}

// Settled is that of dataplane.Settler.
func (b *Backend) Settled() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for i := range b.left {
		if _, ours := b.database.shown[b.left[i]]; !ours {
			errs = append(errs, absent(b.kernel.DeletePolicy(&b.left[i])))
		}
	}
	b.left = nil
	if err := errors.Join(append(errs, b.plumber.Settled())...); err != nil {
		return fmt.Errorf("data plane: leftovers: %w", err)
	}
	return nil
}
