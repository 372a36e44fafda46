package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"culvert/dataplane/xfrm"
	"culvert/doctor/filter"
	"culvert/probe"
	"culvert/suite"
	"culvert/wire"
)

// System is this machine.
func System() Host { return system{} }

type system struct{}

func (system) Files() fs.FS { return os.DirFS("/") }

func (system) Bind(network string, at netip.AddrPort) error {
	kind := unix.SOCK_DGRAM
	if network == "tcp" {
		kind = unix.SOCK_STREAM
	}
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil && network == "tcp" {
		return err // streams of the past would count otherwise
	}
	return unix.Bind(fd, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()})
}

func (system) Interfaces() ([]Interface, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, err
	}
	var list []Interface
	for _, l := range links {
		a := l.Attrs()
		if a.Flags&net.FlagUp == 0 {
			continue
		}
		addresses, err := netlink.AddrList(l, netlink.FAMILY_ALL)
		if err != nil {
			return nil, err
		}
		list = append(list, Interface{a.Name, a.MTU, a.Flags&net.FlagLoopback != 0, prefixes(addresses)})
	}
	return list, nil
}

func prefixes(addresses []netlink.Addr) []netip.Prefix {
	var list []netip.Prefix
	for _, a := range addresses {
		if ip, ok := netip.AddrFromSlice(a.IP); ok {
			bits, _ := a.Mask.Size()
			list = append(list, netip.PrefixFrom(ip.Unmap(), bits))
		}
	}
	return list
}

func (system) Route(to netip.Addr) (Route, error) {
	routes, err := netlink.RouteGet(to.AsSlice())
	if err != nil {
		return Route{}, err
	}
	if len(routes) == 0 {
		return Route{}, fmt.Errorf("no route")
	}
	link, err := netlink.LinkByIndex(routes[0].LinkIndex)
	if err != nil {
		return Route{}, err
	}
	r := Route{Interface: link.Attrs().Name, MTU: link.Attrs().MTU}
	if m := routes[0].MTU; m > 0 {
		r.MTU = min(r.MTU, m)
	}
	if src, ok := netip.AddrFromSlice(routes[0].Src); ok {
		r.Source = src.Unmap()
	}
	return r, nil
}

func (system) Filter() (*filter.Ruleset, error) { return filter.Read() }

// KernelESP tries the algorithms that everybody has.
func (system) KernelESP() error {
	return xfrm.Probe([]suite.ESP{
		{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESGCM16, KeyLength: 256}},
		{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESCBC, KeyLength: 256}, INTEG: wire.Transform{Type: wire.TransformINTEG, ID: wire.IntegHMACSHA256_128}},
	})
}

func (system) XFRM() (xfrm.Census, error) { return xfrm.TakeCensus() }

func (system) Synchronised() (bool, error) {
	const unsynchronised = 5 // TIME_ERROR, adjtimex(2)
	state, err := unix.Adjtimex(&unix.Timex{})
	return state != unsynchronised, err
}

func (system) Lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
}

func (system) Reach(ctx context.Context, peer netip.AddrPort) (bool, int, error) {
	c := probe.DefaultConfig()
	c.Peer, c.Port, c.Timeout = peer.Addr(), peer.Port(), time.Second
	return probe.Reach(ctx, c)
}
