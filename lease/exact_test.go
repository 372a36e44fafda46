package lease

import (
	"errors"
	"net/netip"
	"testing"
)

// TestExactlyOneAddressOrNone: an address that belongs to an identity for reasons that the pool does not know.
func TestExactlyOneAddressOrNone(t *testing.T) {
	want := netip.MustParseAddr("10.0.0.7")
	exactly := func(p *Pool, identity string) error {
		l, err := p.Acquire(start(), Request{Identity: identity, Want: []netip.Addr{want}, Exactly: true})
		if err == nil && l.Addr != want {
			t.Errorf("%s got %v", identity, l.Addr)
		}
		return err
	}
	p := newPool(t, Config{Ranges: ten(), Static: map[string]netip.Addr{"erin": netip.MustParseAddr("10.0.0.9")}})
	if err := exactly(p, "carol"); err != nil {
		t.Error(err)
	}
	if err := exactly(p, "dave"); !errors.Is(err, ErrExhausted) {
		t.Errorf("while carol has it: %v", err)
	}
	p.Release(start(), "carol", want)
	if err := exactly(p, "dave"); err != nil {
		t.Errorf("although carol is offline: %v", err)
	}
	if got := acquire(t, p, "carol"); got == want {
		t.Error("two have one address")
	}
	if !p.Holds(want) || p.Holds(netip.MustParseAddr("10.0.0.11")) || !p.Holds(netip.MustParseAddr("10.0.0.9")) {
		t.Error("the pool does not know its addresses")
	}
	if _, err := p.Acquire(start(), Request{Identity: "carol", Want: []netip.Addr{netip.MustParseAddr("10.0.0.9")}, Exactly: true}); !errors.Is(err, ErrExhausted) {
		t.Errorf("the static address of erin: %v", err)
	}
}
