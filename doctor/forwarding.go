package doctor

import (
	"context"
	"io/fs"
	"net/netip"
	"path"
	"slices"
	"strings"

	"culvert/config"
	"culvert/spd"
)

// behind tells whether a child carries traffic of a network behind this host, of one address family.
func (e *examination) behind(six bool) (*config.Connection, *config.Child) {
	own := e.ownAddresses()
	for _, c := range e.connections() {
		for _, child := range c.Children {
			for _, s := range child.Local {
				if s.Start.IsValid() && s.Start.Is6() == six && !(s.Start == s.End && own[s.Start]) {
					return c, child
				}
			}
		}
	}
	return nil, nil
}

func (e *examination) connections() []*config.Connection {
	if e.Config == nil {
		return e.Loaded.Connections
	}
	return slices.Concat(e.Config.Connections, e.Loaded.Connections)
}

func (e *examination) ownAddresses() map[netip.Addr]bool {
	own := map[netip.Addr]bool{}
	links, _ := e.Host.Interfaces() // none are known then
	for _, l := range links {
		for _, a := range l.Addresses {
			own[a.Addr()] = true
		}
	}
	return own
}

func checkForwarding(_ context.Context, e *examination) {
	e.forwarding(false, "net.ipv4.ip_forward", "proc/sys/net/ipv4/ip_forward")
	e.forwarding(true, "net.ipv6.conf.all.forwarding", "proc/sys/net/ipv6/conf/all/forwarding")
	e.forwardRules()
}

func (e *examination) forwarding(six bool, option, file string) {
	c, child := e.behind(six)
	n, known := e.number(file)
	switch {
	case c == nil:
		if !six {
			e.ok("no IPv4 network behind this host is configured, %s does not matter", option)
		}
	case !known:
		e.unknown("", "%s cannot be read", option)
	case n == 0:
		e.warn("`sysctl -w "+option+"=1`, and a file in /etc/sysctl.d to keep it", "%s is 0: packets of the networks of %s/%s are not forwarded, only those of this host itself", option, c.Name, child.Name)
	default:
		e.ok("%s is on", option)
	}
}

func checkReversePath(_ context.Context, e *examination) {
	const folder = "proc/sys/net/ipv4/conf"
	all, _ := e.number(folder + "/all/rp_filter")
	names, _ := fs.Glob(e.Host.Files(), folder+"/*/rp_filter")
	var strict []string
	for _, name := range names {
		link := path.Base(path.Dir(name))
		n, _ := e.number(name)
		// The kernel takes the larger one of all and the interface: 1 is strict, 2 loose.
		if link != "all" && link != "default" && link != "lo" && max(n, all) == 1 {
			strict = append(strict, link)
		}
	}
	if len(strict) == 0 {
		e.ok("the reverse path filter is not strict")
		return
	}
	where, option := strings.Join(strict, ", "), "net.ipv4.conf.all.rp_filter"
	if len(strict) == 1 {
		option = "net.ipv4.conf." + strict[0] + ".rp_filter"
	}
	e.warn("`sysctl -w "+option+"=2`, and a file in /etc/sysctl.d to keep it",
		"the reverse path filter of %s is strict: packets out of a tunnel are dropped when the way back to their source leads elsewhere", where)
}

// pairs calls each with the selectors of one family of every child.
func (e *examination) pairs(each func(c *config.Connection, child *config.Child, local, remote spd.Selector)) {
	for _, c := range e.connections() {
		for _, child := range c.Children {
			for _, l := range child.Local {
				for _, r := range child.Remote {
					if l.Start.IsValid() && r.Start.IsValid() && l.Start.Is6() == r.Start.Is6() {
						each(c, child, l, r)
					}
				}
			}
		}
	}
}
