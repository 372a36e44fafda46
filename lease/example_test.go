package lease_test

import (
	"fmt"
	"net/netip"
	"time"

	"culvert/lease"
)

// A peer keeps its address: when it comes back it gets what it had.
func Example() {
	pool, err := lease.New(lease.Config{
		Name:   "clients",
		Ranges: []lease.Range{{First: netip.MustParseAddr("10.9.0.1"), Last: netip.MustParseAddr("10.9.0.99")}},
		Static: map[string]netip.Addr{"carol@example.org": netip.MustParseAddr("10.9.0.7")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Now()
	for _, peer := range []string{"alice@example.org", "carol@example.org", "bob@example.org", "alice@example.org"} {
		got, err := pool.Acquire(now, lease.Request{Identity: peer})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(peer, got.Addr)
		pool.Release(now, peer, got.Addr)
	}
	// Output:
	// alice@example.org 10.9.0.1
	// carol@example.org 10.9.0.7
	// bob@example.org 10.9.0.2
	// alice@example.org 10.9.0.1
}
