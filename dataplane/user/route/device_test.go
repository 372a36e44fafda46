package route

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"culvert/dataplane/removal"
	"github.com/vishvananda/netlink"
)

// The kernel forgets routes and IPv6 addresses of a link that goes down, and does not remember them when it comes up again.
func TestDeviceThatWasDownHasItsRoutesBack(t *testing.T) {
	inNamespace(t, func(tunnel netlink.Link) error {
		p, err := New(Config{Interface: "cvu-tun", Index: tunnel.Attrs().Index, Mark: 99})
		if err != nil {
			return err
		}
		set(t, p, inEveryWay(t)...)
		inside := func() bool {
			for _, d := range []direction{{"0.0.0.0", "10.2.0.9", 17, 1, 1, ""}, {"::", "fd02::5", 6, 1, 1, ""}} {
				if through, err := ask(d, 0); err != nil || through != tunnel.Attrs().Index {
					return false
				}
			}
			return true
		}
		if !inside() {
			t.Error("no route leads into the device")
		}
		if err := netlink.LinkSetDown(tunnel); err != nil {
			return err
		}
		if inside() {
			t.Error("routes lead into a device that is down")
		}
		if err := netlink.LinkSetUp(tunnel); err != nil {
			return err
		}
		for deadline := time.Now().Add(time.Minute); !inside() && time.Now().Before(deadline); {
			runtime.Gosched()
		}
		if !inside() {
			err = errors.New("the routes are not back")
		}
		return errors.Join(err, p.Close())
	})
}

func TestReturnedDeviceGetsAddressesAndRoutes(t *testing.T) {
	p, k := newTestPlumber("192.0.2.1/24")
	set(t, p, inEveryWay(t)...)
	routes, addresses := len(k.routes), len(k.addresses)
	clear(k.routes)
	clear(k.addresses)
	for _, up := range []bool{true, false, true} {
		if p.missing.note(&p.config, removal.Event{Kind: removal.Link, Link: p.config.Index, Up: up}) {
			p.mend()
		}
	}
	if len(k.routes) != routes || len(k.addresses) != addresses || routes == 0 {
		t.Errorf("%d of %d routes, %d of %d addresses", len(k.routes), routes, len(k.addresses), addresses)
	}
	if w := p.Warnings(); len(w) != 0 {
		t.Errorf("warnings %v", w)
	}
}
