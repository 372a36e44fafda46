package xfrm

import (
	"net/netip"
	"testing"

	"culvert/dataplane"
	"culvert/esp"
)

// A path is asked about when its first SA comes, and when it begins elsewhere; what probes find is what packets are bound to, of
// all SAs on it and of those that come later.
func TestPathsAreProbedAndHeeded(t *testing.T) {
	b := newBench(t)
	for id, remote := range map[dataplane.PolicyID]string{1: "10.2.0.0/16", 2: "10.3.0.0/16", 3: "10.4.0.0/16"} {
		b.setPolicy(t, protect(t, id, "10.1.0.0/16", remote))
	}
	b.outbound(t, 0x1001, 1)
	b.outbound(t, 0x1002, 2, func(sa *dataplane.SA) { sa.Mode = esp.Transport })
	if len(b.heard) != 1 || b.heard[0].Policy != 1 || b.heard[0].PathMTU != (dataplane.PathMTU{Link: 1500}) {
		t.Fatalf("heard %+v", b.heard)
	}
	way := path("192.0.2.1:4500", "192.0.2.2:4500")
	told := func(want dataplane.MTU) {
		t.Helper()
		if got, ok := b.MTU(0x1001, 1); !ok || got != want {
			t.Errorf("told %+v, want %+v", got, want)
		}
	}
	told(dataplane.MTU{Inner: 1438, Path: 1500, Source: esp.FromLink}) // 28 of IP and UDP, 16 of ESP, 16 of ICV, 2 of trailer
	b.SetPathMTU(way, 1400)
	told(dataplane.MTU{Inner: 1338, Path: 1400, Source: esp.FromProbe})
	b.outbound(t, 0x1003, 3)
	if f := b.plumber.fits; f[1] != 1338 || f[2] != 0 || f[3] != 1338 || len(b.heard) != 1 {
		t.Errorf("packets are bound to %v; heard %+v", f, b.heard)
	}
	b.SetPathMTU(way, 1500) // what the link says needs no word
	if f := b.plumber.fits; f[1] != 0 || f[3] != 0 {
		t.Errorf("packets are bound to %v", f)
	}
	if _, ok := b.MTU(0x7777, 1); ok {
		t.Error("told of an SA that is not there")
	}
}

func TestPathsFollowAndEndWithSAs(t *testing.T) {
	b := newBench(t)
	b.setPolicy(t, protect(t, 1, "10.1.0.0/16", "10.2.0.0/16"))
	in := b.inbound(t, 1)
	b.outbound(t, 0x1001, 1)
	b.SetPathMTU(path("192.0.2.1:4500", "192.0.2.2:4500"), 1400)
	if err := b.Update(in, 0x1001, path("192.0.2.1:4500", "192.0.2.9:4500")); err != nil {
		t.Fatal(err)
	}
	if len(b.heard) != 2 || len(b.paths) != 1 || b.paths[netip.MustParseAddr("192.0.2.9")] == nil || b.plumber.fits[1] != 0 {
		t.Errorf("heard %+v, %d paths, bound to %v", b.heard, len(b.paths), b.plumber.fits)
	}
	if _, err := b.Remove(dataplane.Outbound, 0x1001, 1); err != nil || len(b.paths) != 0 {
		t.Errorf("%d paths are left, %v", len(b.paths), err)
	}
}
