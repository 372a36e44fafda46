package lease

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// defaultMaxLeases bounds what identities that come and go can make a pool of IPv6 remember: some 50 MiB.
const defaultMaxLeases = 1 << 18

// check refuses what is no pool.
func (c *Config) check() error {
	if len(c.Ranges) == 0 {
		return errors.New("a pool needs addresses")
	}
	for _, r := range slices.Concat(c.Ranges, c.Exclude) {
		if !r.First.IsValid() || !r.Last.IsValid() || r.First.Is4() != r.Last.Is4() || r.Last.Less(r.First) {
			return fmt.Errorf("range %v-%v is none", r.First, r.Last)
		}
		if r.First.Is4() != c.Ranges[0].First.Is4() {
			return errors.New("a pool has addresses of one family")
		}
	}
	owners := make(map[netip.Addr]string)
	for identity, addr := range c.Static {
		if other, twice := owners[addr]; twice {
			return fmt.Errorf("%v is static for %s and %s", addr, min(other, identity), max(other, identity))
		}
		owners[addr] = identity
	}
	return nil
}

// maxLeases is MaxLeases or its default.
func (c *Config) maxLeases() int {
	if c.MaxLeases <= 0 {
		return defaultMaxLeases
	}
	return c.MaxLeases
}

// owners returns the identities of static addresses.
func (c *Config) owners() map[netip.Addr]string {
	owners := make(map[netip.Addr]string, len(c.Static))
	for identity, addr := range c.Static {
		owners[addr] = identity
	}
	return owners
}

// hole returns the last address of the excluded range that an address lies in, so that a large one is crossed at once.
func (c *Config) hole(a netip.Addr) (netip.Addr, bool) {
	for _, r := range c.Exclude {
		if r.Contains(a) {
			return r.Last, true
		}
	}
	return a, false
}
