package xfrm

import (
	"errors"
	"fmt"
	"slices"

	"culvert/dataplane/xfrm/nl"
)

// Sweep removes what a predecessor with the same Owner left, for a process with another data plane: a policy of the kernel takes
// packets before they find any other way. Where there is no XFRM nothing is left. Routes do not tell whose they are, so they
// go only if there are policies.
func Sweep(c Config) error {
	conn, err := nl.Dial()
	if err != nil {
		return nil
	}
	defer conn.Close()
	b := newBackend(c, conn, nil, nil)
	policies, err := conn.Policies()
	if err == nil && slices.ContainsFunc(policies, b.owner.hasPolicy) {
		err = errors.Join(b.sweep(), sweepRoutes(c.Mark))
	}
	if err != nil {
		return fmt.Errorf("leftovers of the kernel's data plane: %w", err)
	}
	return nil
}

func sweepRoutes(mark uint32) error {
	r, err := newRoutes(mark)
	if err != nil {
		return err
	}
	return r.Close()
}
