package route

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"testing"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"culvert/internal/netnstest"
)

// inNamespace runs f in a network namespace of its own, with two links that lead nowhere: cvu-out with a default route, and
// cvu-tun in place of the device.
func inNamespace(t *testing.T, f func(tunnel netlink.Link) error) {
	t.Helper()
	netnstest.Enter(t)
	tunnel, err := prepare()
	if err == nil {
		err = f(tunnel)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func prepare() (netlink.Link, error) {
	for _, name := range []string{"cvu-out", "cvu-tun"} {
		cable := netlink.NewVeth(netlink.NewLinkAttrs())
		cable.Name, cable.PeerName = name, name+"-2"
		if err := netlink.LinkAdd(cable); err != nil {
			return nil, err
		}
		for _, end := range []string{name, name + "-2"} {
			link, err := netlink.LinkByName(end)
			if err != nil {
				return nil, err
			}
			if err := netlink.LinkSetUp(link); err != nil {
				return nil, err
			}
		}
	}
	out, err := netlink.LinkByName("cvu-out")
	if err != nil {
		return nil, err
	}
	for _, a := range []string{"192.0.2.1/24", "10.1.0.1/16", "fd01::1/64", "2001:db8::1/64"} {
		address, err := netlink.ParseAddr(a)
		if err != nil {
			return nil, err
		}
		if address.IP.To4() == nil {
			address.Flags = unix.IFA_F_NODAD
		}
		if err := netlink.AddrAdd(out, address); err != nil {
			return nil, err
		}
	}
	for _, gateway := range []string{"192.0.2.254", "2001:db8::fe"} {
		if err := netlink.RouteAdd(&netlink.Route{Gw: netip.MustParseAddr(gateway).AsSlice()}); err != nil {
			return nil, err
		}
	}
	return netlink.LinkByName("cvu-tun")
}

// ask asks the kernel for the interface that a packet of the host leaves through. Packets with foreign sources are asked
// for as if they came in through cvu-out.
func ask(d direction, mark uint32) (int, error) {
	from, to := netip.MustParseAddr(d.from), netip.MustParseAddr(d.to)
	req := nl.NewNetlinkRequest(unix.RTM_GETROUTE, 0)
	m := &nl.RtMsg{RtMsg: unix.RtMsg{Family: unix.AF_INET, Dst_len: uint8(to.BitLen()), Flags: unix.RTM_F_LOOKUP_TABLE}}
	if to.Is6() {
		m.Family = unix.AF_INET6
	}
	req.AddData(m)
	req.AddData(nl.NewRtAttr(unix.RTA_DST, to.AsSlice()))
	if !from.IsUnspecified() {
		m.Src_len = uint8(from.BitLen())
		req.AddData(nl.NewRtAttr(unix.RTA_SRC, from.AsSlice()))
		out, err := netlink.LinkByName("cvu-out")
		if err != nil {
			return 0, err
		}
		if d.from != "192.0.2.1" {
			req.AddData(nl.NewRtAttr(unix.RTA_IIF, nl.Uint32Attr(uint32(out.Attrs().Index))))
		}
	}
	req.AddData(nl.NewRtAttr(unix.RTA_IP_PROTO, []byte{d.protocol}))
	if d.protocol != unix.IPPROTO_ICMP {
		req.AddData(nl.NewRtAttr(unix.RTA_SPORT, binary.BigEndian.AppendUint16(nil, d.source)))
		req.AddData(nl.NewRtAttr(unix.RTA_DPORT, binary.BigEndian.AppendUint16(nil, d.destination)))
	}
	if mark != 0 {
		req.AddData(nl.NewRtAttr(unix.RTA_MARK, nl.Uint32Attr(mark)))
	}
	answers, err := req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWROUTE)
	if err != nil || len(answers) == 0 {
		return 0, fmt.Errorf("%+v: %d answers, %w", d, len(answers), err)
	}
	attributes, err := nl.ParseRouteAttr(answers[0][unix.SizeofRtMsg:])
	if err != nil {
		return 0, err
	}
	for _, a := range attributes {
		if a.Attr.Type == unix.RTA_OIF {
			return int(binary.NativeEndian.Uint32(a.Value)), nil
		}
	}
	return 0, nil
}

func TestKernelDirectsTraffic(t *testing.T) {
	inNamespace(t, func(tunnel netlink.Link) error {
		if err := forward(); err != nil {
			return err
		}
		const mark = 99
		p, err := New(Config{Interface: "cvu-tun", Index: tunnel.Attrs().Index, Mark: mark})
		if err != nil {
			return err
		}
		set(t, p, inEveryWay(t)...)
		for _, d := range directions() {
			through, err := ask(d, 0)
			if err != nil {
				t.Error(err)
			}
			if (through == tunnel.Attrs().Index) != (d.want == "device") {
				t.Errorf("%+v: through interface %d", d, through)
			}
			if through, err := ask(d, mark); err != nil || through == tunnel.Attrs().Index {
				t.Errorf("%+v, marked: through interface %d, %v", d, through, err)
			}
		}
		if w := p.Warnings(); len(w) != 0 {
			t.Errorf("warnings %v", w)
		}
		return p.Close()
	})
}

// forward makes the namespace a router.
func forward() error {
	return errors.Join(os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0), os.WriteFile("/proc/sys/net/ipv6/conf/all/forwarding", []byte("1"), 0))
}

// rulesAndRoutes counts what is ours in the namespace.
func rulesAndRoutes() (rules, routes, tables int, err error) {
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		list, err := netlink.RuleList(family)
		if err != nil {
			return 0, 0, 0, err
		}
		for _, r := range list {
			if r.Protocol == protocol {
				rules++
			}
		}
		all, err := netlink.RouteListFiltered(family, &netlink.Route{Protocol: protocol}, netlink.RT_FILTER_PROTOCOL|netlink.RT_FILTER_TABLE)
		if err != nil {
			return 0, 0, 0, err
		}
		routes += len(all)
	}
	list, err := new(nftables.Conn).ListTables()
	return rules, routes, len(list), err
}

// Packets of sockets that are not bound get site-local addresses as well, and no link-local ones.
func TestSiteLocalAddressesAreSources(t *testing.T) {
	inNamespace(t, func(tunnel netlink.Link) error {
		for _, a := range []string{"fec0::1/16", "fe80::1/64"} {
			address, err := netlink.ParseAddr(a)
			if err != nil {
				return err
			}
			address.Flags = unix.IFA_F_NODAD
			if err := netlink.AddrAdd(tunnel, address); err != nil {
				return err
			}
		}
		p, err := New(Config{Interface: "cvu-tun", Index: tunnel.Attrs().Index, Mark: 99})
		if err != nil {
			return err
		}
		defer p.Close()
		list, err := p.kernel.localAddresses()
		if !slices.Contains(list, netip.MustParsePrefix("fec0::1/16")) || slices.ContainsFunc(list, func(a address) bool { return a.Addr().IsLinkLocalUnicast() }) {
			t.Errorf("addresses are %v", list)
		}
		return err
	})
}

func TestSweepTakesOursAndNothingElse(t *testing.T) {
	inNamespace(t, func(tunnel netlink.Link) error {
		foreign := netlink.NewRule()
		foreign.Priority, foreign.Table, foreign.Src = firstPreference+3, 7, netlink.NewIPNet(netip.MustParseAddr("10.9.9.9").AsSlice())
		if err := errors.Join(forward(), netlink.RuleAdd(foreign)); err != nil {
			return err
		}
		config := Config{Interface: "cvu-tun", Index: tunnel.Attrs().Index, Mark: 99}
		crashed, err := New(config)
		if err != nil {
			return err
		}
		set(t, crashed, inEveryWay(t)...)
		rules, routes, tables, err := rulesAndRoutes()
		if err != nil || rules < 10 || routes < 10 || tables != 1 {
			t.Errorf("%d rules, %d routes, %d tables, %v", rules, routes, tables, err)
		}
		crashed.stopping()
		successor, err := New(config)
		if err != nil {
			return err
		}
		set(t, successor, inEveryWay(t)...)
		if both, _, _, err := rulesAndRoutes(); err != nil || both != 2*rules {
			t.Errorf("%d rules beside those of the predecessor, %v", both, err)
		}
		if err := successor.Settled(); err != nil {
			t.Error(err)
		}
		if own, ownRoutes, tables, err := rulesAndRoutes(); err != nil || own != rules || ownRoutes != routes || tables != 1 {
			t.Errorf("the successor has %d rules, %d routes, %d tables, %v", own, ownRoutes, tables, err)
		}
		for _, d := range directions() {
			if through, err := ask(d, 0); err != nil || (through == tunnel.Attrs().Index) != (d.want == "device") {
				t.Errorf("%+v: through interface %d, %v", d, through, err)
			}
		}
		if err := errors.Join(successor.Close(), crashed.kernel.(*host).handle.RuleDel(foreign)); err != nil {
			t.Errorf("somebody else's rule: %v", err)
		}
		if _, _, tables, err := rulesAndRoutes(); err != nil || tables != 0 {
			t.Errorf("%d tables of nftables after Close, %v", tables, err)
		}
		return nil
	})
}

// Between the end of a daemon and the policies of its successor nothing leaves that the old ones protected.
func TestLeftoversFailClosedUntilSettled(t *testing.T) {
	inNamespace(t, func(tunnel netlink.Link) error {
		config := Config{Interface: "cvu-tun", Index: tunnel.Attrs().Index, Mark: 99}
		crashed, err := New(config)
		if err != nil {
			return err
		}
		set(t, crashed, inEveryWay(t)...)
		crashed.stopping()
		if err := netlink.LinkDel(tunnel); err != nil {
			return err
		}
		successor, err := New(config)
		if err != nil {
			return err
		}
		d := direction{"0.0.0.0", "10.2.0.9", 17, 1, 1, ""}
		if through, err := ask(d, 0); !errors.Is(err, unix.EHOSTUNREACH) && !errors.Is(err, unix.ENETUNREACH) {
			t.Errorf("%+v: through interface %d, %v", d, through, err)
		}
		if err := successor.Settled(); err != nil {
			t.Error(err)
		}
		if rules, routes, _, err := rulesAndRoutes(); err != nil || rules != 0 || routes != 0 {
			t.Errorf("%d rules and %d routes are left, %v", rules, routes, err)
		}
		return errors.Join(Sweep(), successor.Close())
	})
}

// A process that directs traffic in another way takes away what a Plumber left.
func TestSweepOfAnotherKind(t *testing.T) {
	inNamespace(t, func(tunnel netlink.Link) error {
		crashed, err := New(Config{Interface: "cvu-tun", Index: tunnel.Attrs().Index, Mark: 99})
		if err != nil {
			return err
		}
		set(t, crashed, inEveryWay(t)...)
		crashed.stopping()
		if err := Sweep(); err != nil {
			t.Error(err)
		}
		if rules, routes, _, err := rulesAndRoutes(); err != nil || rules != 0 || routes != 0 {
			t.Errorf("%d rules and %d routes are left, %v", rules, routes, err)
		}
		return nil
	})
}

func TestVanishedDeviceFailsClosed(t *testing.T) {
	inNamespace(t, func(tunnel netlink.Link) error {
		p, err := New(Config{Interface: "cvu-tun", Index: tunnel.Attrs().Index, Mark: 99})
		if err != nil {
			return err
		}
		set(t, p, inEveryWay(t)...)
		if err := netlink.LinkDel(tunnel); err != nil {
			return err
		}
		for _, d := range []direction{{"0.0.0.0", "10.2.0.9", 17, 1, 1, ""}, {"::", "fd02::5", 6, 1, 1, ""}} {
			if through, err := ask(d, 0); !errors.Is(err, unix.EHOSTUNREACH) && !errors.Is(err, unix.ENETUNREACH) {
				t.Errorf("%+v: through interface %d, %v", d, through, err)
			}
		}
		return p.Close()
	})
}

func TestFailureOfTheKernelIsUndone(t *testing.T) {
	inNamespace(t, func(netlink.Link) error {
		p, err := New(Config{Interface: "cvu-none", Index: 4711, Mark: 99})
		if err != nil {
			return err
		}
		if err := p.Set(inEveryWay(t)[0]); err == nil {
			t.Error("a route through an interface that is not there")
		}
		if rules, routes, _, err := rulesAndRoutes(); err != nil || rules != 0 || routes != 0 {
			t.Errorf("left: %d rules, %d routes, %v", rules, routes, err)
		}
		return p.Close()
	})
}
