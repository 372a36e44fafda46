package daemon

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestAddressesOfThisHost(t *testing.T) {
	var h hostAddresses
	if err := h.check(netip.MustParseAddr("127.0.0.1")); err != nil {
		t.Error(err)
	}
	foreign := netip.MustParseAddr("198.51.100.77")
	if err := h.check(foreign); err == nil || !strings.Contains(err.Error(), "198.51.100.77 is no address of this host") {
		t.Errorf("got %v", err)
	}
	h.known[foreign], h.read = true, time.Now().Add(time.Hour)
	if err := h.check(foreign); err != nil {
		t.Errorf("the addresses were read again: %v", err)
	}
	h.read = time.Time{}
	if err := h.check(foreign); err == nil {
		t.Error("the addresses were not read again")
	}
}
