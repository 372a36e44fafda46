package hook

import (
	"fmt"
	"net/netip"
	"strings"

	"culvert/dataplane"
	"culvert/spd"
)

// An Occasion is why a command runs.
type Occasion bool

// The occasions.
const (
	Up   Occasion = true
	Down Occasion = false
)

// String returns the word that commands are told.
func (o Occasion) String() string {
	if o == Up {
		return "up"
	}
	return "down"
}

// An environment is the variables of a command.
type environment []string

// set adds a variable. Values may come from a peer: what a line of a log or a script could be deceived with is replaced.
func (e *environment) set(name, format string, args ...any) {
	value := strings.ReplaceAll(fmt.Sprintf(format, args...), "\t", "?")
	*e = append(*e, name+"="+printable([]byte(value)))
}

// Environment returns the variables of a run for one pair of selectors. path is where commands are looked for, device the
// interface through which the peer is reached, "" if it is not known.
func (c *Child) Environment(o Occasion, p Pair, path, device string) []string {
	var e environment
	host := p.Local.Start == p.Local.End && p.Local.Start == c.Local.Addr()
	e.set("PATH", "%s", path)
	e.set("PLUTO_VERSION", "1.1")
	e.set("PLUTO_VERB", "%s", verb(o, host, p.Local.Is4()))
	e.set("PLUTO_CONNECTION", "%s", c.Name)
	if device == "" {
		device = "unknown"
	}
	e.set("PLUTO_INTERFACE", "%s", device)
	e.set("PLUTO_REQID", "%d", c.Reqid)
	e.set("PLUTO_PROTO", "esp")
	e.set("PLUTO_UNIQUEID", "%d", c.UniqueID)
	e.end("PLUTO_ME", "PLUTO_MY", c.Local.Addr(), c.LocalID, p.Local, portText(p, true))
	e.end("PLUTO_PEER", "PLUTO_PEER", c.Remote.Addr(), c.RemoteID, p.Remote, portText(p, false))
	if c.EAPID != "" {
		e.set("PLUTO_XAUTH_ID", "%s", c.EAPID)
	}
	e.virtual("PLUTO_MY_SOURCEIP", c.VirtualIPs)
	e.virtual("PLUTO_PEER_SOURCEIP", c.PeerVirtualIPs)
	e.kernel(c.Kernel)
	if c.Encapsulated {
		e.set("PLUTO_UDP_ENC", "%d", c.Remote.Port())
	}
	e.numbered("PLUTO_DNS", c.DNS)
	if c.HostAccess {
		e.set("PLUTO_HOST_ACCESS", "1")
	}
	e.set("CULVERT_CONNECTION", "%s", c.Connection)
	return e
}

// verb tells what happened, to what kind of traffic: of the host itself, or of others behind it.
func verb(o Occasion, host, is4 bool) string {
	v := o.String() + "-client"
	if host {
		v = o.String() + "-host"
	}
	if !is4 {
		v += "-v6"
	}
	return v
}

// end tells about one of the two ends. address is the variable of its address, prefix that of the others.
func (e *environment) end(address, prefix string, a netip.Addr, id string, s spd.Selector, port string) {
	e.set(address, "%s", a)
	e.set(prefix+"_ID", "%s", id)
	e.set(prefix+"_CLIENT", "%s", network(s))
	e.set(prefix+"_PORT", "%s", port)
	e.set(prefix+"_PROTOCOL", "%d", s.Protocol)
}

// network is the smallest prefix around the addresses of a selector.
func network(s spd.Selector) netip.Prefix {
	for bits := s.Start.BitLen(); ; bits-- {
		if p, err := s.Start.Prefix(bits); err != nil || p.Contains(s.End) {
			return p
		}
	}
}

// Numbers of protocols whose selectors have a type and a code in the place of ports.
const (
	protocolICMP   = 1
	protocolICMPv6 = 58
)

// portText is the port of one side: 0 for all, a number, or first:last. Of ICMP it is the type for ours, the code for the peer's.
func portText(p Pair, local bool) string {
	if protocol := max(p.Local.Protocol, p.Remote.Protocol); protocol == protocolICMP || protocol == protocolICMPv6 {
		both := max(p.Local.StartPort, p.Remote.StartPort)
		if local {
			return fmt.Sprint(both >> 8)
		}
		return fmt.Sprint(both & 0xff)
	}
	s := p.Remote
	if local {
		s = p.Local
	}
	if s.StartPort == s.EndPort || s.AnyPort() {
		return fmt.Sprint(s.StartPort)
	}
	return fmt.Sprintf("%d:%d", s.StartPort, s.EndPort)
}

// virtual tells virtual addresses: the first one by itself, and each with a number among its family.
func (e *environment) virtual(name string, list []netip.Addr) {
	if len(list) > 0 {
		e.set(name, "%s", list[0])
	}
	e.numbered(name, list)
}

func (e *environment) numbered(name string, list []netip.Addr) {
	var of4, of6 int
	for _, a := range list {
		if a.Is4() {
			of4++
			e.set(fmt.Sprintf("%s4_%d", name, of4), "%s", a)
		} else {
			of6++
			e.set(fmt.Sprintf("%s6_%d", name, of6), "%s", a)
		}
	}
}

// kernel tells marks and interface numbers that are not 0.
func (e *environment) kernel(k dataplane.Kernel) {
	for _, m := range [...]struct {
		name string
		mark dataplane.Mark
	}{{"PLUTO_MARK_IN", k.MarkIn}, {"PLUTO_MARK_OUT", k.MarkOut}} {
		if m.mark.Value != 0 {
			e.set(m.name, "%d/0x%08x", m.mark.Value, m.mark.Mask)
		}
	}
	for _, n := range [...]struct {
		name string
		id   uint32
	}{{"PLUTO_IF_ID_IN", k.IfIDIn.Number}, {"PLUTO_IF_ID_OUT", k.IfIDOut.Number}} {
		if n.id != 0 {
			e.set(n.name, "%d", n.id)
		}
	}
}
