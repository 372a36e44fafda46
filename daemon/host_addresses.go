package daemon

import (
	"fmt"
	"net"
	"net/netip"
	"time"
)

// hostAddresses are those of this host. They are for one goroutine.
type hostAddresses struct {
	read  time.Time
	known map[netip.Addr]bool
}

// freshFor is how long the addresses are believed where one is missing: whoever sends us packets to forward shall not have us read them
// for each.
const freshFor = 100 * time.Millisecond

// check says that an address is not of this host: a packet that is only forwarded has asked for transport mode.
func (h *hostAddresses) check(a netip.Addr) error {
	if time.Since(h.read) > freshFor {
		if err := h.readAgain(); err != nil {
			return err
		}
	}
	if h.known[a.WithZone("")] {
		return nil
	}
	return fmt.Errorf("%v is no address of this host, and transport mode is for its own packets", a)
}

func (h *hostAddresses) readAgain() error {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	h.read, h.known = time.Now(), make(map[netip.Addr]bool, len(list))
	for _, own := range list {
		if p, err := netip.ParsePrefix(own.String()); err == nil {
			h.known[p.Addr()] = true
		}
	}
	return nil
}
