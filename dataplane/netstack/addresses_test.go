package netstack

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
)

func TestAddressesFollowPolicies(t *testing.T) {
	var none *Backend
	b := lonely(t, &none)
	one, two, six := netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("10.1.0.2"), netip.MustParseAddr("fd01::1")
	shows := func(want ...netip.Addr) {
		t.Helper()
		if got := fmt.Sprint(b.Addresses()); got != fmt.Sprint(want) {
			t.Errorf("addresses are %v, want %v", got, want)
		}
	}
	shows()
	must(t, b.SetPolicy(policy(1, one, six)))
	shows(one, six)
	must(t, b.SetPolicy(policy(2, one, six))) // before the first goes, as in reauthentication
	must(t, b.RemovePolicy(1))
	shows(one, six)
	must(t, b.SetPolicy(policy(2, one))) // replaced
	shows(one)
	must(t, b.RemovePolicy(2))
	must(t, b.RemovePolicy(2))
	shows()
	must(t, b.SetPolicy(policy(3, two)))
	shows(two)
	if n := len(b.plumber.addresses.users); n != 2 { // two, and six, whose family has no other
		t.Errorf("%d addresses are kept", n)
	}
}

// A connection outlives its policy, and ends when another address takes the place of its own.
func TestConnectionsLiveAsLongAsTheirAddress(t *testing.T) {
	west, east := pair(t)
	own, other := netip.MustParseAddr("10.1.0.7"), netip.MustParseAddr("10.1.0.8")
	west.plumber.mu.Lock()
	west.plumber.addresses.give(westAddrs[0])
	west.plumber.mu.Unlock()
	must(t, west.SetPolicy(policy(1, own)))
	got := sink(t, east, netip.AddrPortFrom(eastAddrs[0], 80))
	c, err := west.DialTCP(soon(t), netip.AddrPortFrom(eastAddrs[0], 80))
	must(t, err)
	must(t, west.SetPolicy(dataplane.Policy{ID: 1, Action: policy(1).Action, Local: policy(1).Local, Remote: policy(1).Remote}))
	if len(west.Addresses()) != 1 { // that of the other family
		t.Errorf("addresses are %v", west.Addresses())
	}
	_, err = c.Write([]byte("still "))
	must(t, err)
	must(t, west.SetPolicy(policy(1, own)))
	_, err = c.Write([]byte("here"))
	must(t, err)
	must(t, west.SetPolicy(policy(1, other)))
	must(t, west.SetPolicy(policy(1, other, netip.MustParseAddr("10.1.0.9"))))
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if _, err := c.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("the connection has outlived its address: %v", err)
	}
	select {
	case data := <-got:
		if text := string(data); text != "still here" && text != "" { // a reset may drop what was not read
			t.Errorf("got %q", text)
		}
	case <-time.After(patience):
		t.Error("the other end has not heard of it")
	}
}

func isTimeout(err error) bool {
	e, ok := err.(interface{ Timeout() bool })
	return ok && e.Timeout()
}
