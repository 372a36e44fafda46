package service

import (
	"context"
	"net/netip"
	"strconv"
	"time"

	"culvert/config"
	"culvert/esp"
	"culvert/ike"
	"culvert/swanctl"
	"culvert/swanctl/settings"
	"culvert/vici"
)

// listConns streams configured connections, one event for each.
func (s *Service) listConns(_ context.Context, call *vici.Call) *settings.Section {
	ike := call.Request.Text("ike")
	for _, c := range s.daemon.Configuration().Connections {
		if ike != "" && ike != c.Name {
			continue
		}
		m := new(settings.Section)
		s.connection(m.Open(c.Name), c)
		if call.Stream(eventListConn, m) != nil {
			break
		}
	}
	return nil
}

// connection appends the keys of a connection.
func (s *Service) connection(m *settings.Section, c *config.Connection) {
	m.AddList("local_addrs", localAddresses(c.Local.Addresses)...).AddList("remote_addrs", remoteAddresses(c.Remote.Addresses)...)
	local := c.Local.Port
	if local == 0 {
		local = s.daemon.Configuration().Daemon.Port
	}
	m.Add("local_port", port(local)).Add("remote_port", port(c.Remote.Port)).Add("version", "IKEv2")
	m.Add("reauth_time", seconds(c.ReauthTime)).Add("rekey_time", seconds(c.RekeyTime)).Add("unique", uniqueness(c.Unique))
	if c.DPDDelay != 0 {
		m.Add("dpd_delay", seconds(c.DPDDelay))
	}
	if len(c.PPKNames) > 0 {
		m.Add("ppk_id", c.PPKNames[0])
	}
	if c.PPKRequired {
		m.Add("ppk_required", "yes")
	}
	for i, r := range c.Local.Rounds() {
		localRound(m.Open("local-"+strconv.Itoa(i+1)), r)
	}
	for i, r := range c.Remote.Rounds() {
		remoteRound(m.Open("remote-"+strconv.Itoa(i+1)), r)
	}
	children := m.Open("children")
	for _, child := range c.Children {
		s.child(children.Open(child.Name), child)
	}
	for _, p := range s.shunts(true, true) {
		if p.ike == c.Name {
			s.shunt(children.Open(p.child), p)
		}
	}
}

// shunt appends the keys of a child that has become a policy, which has no SA to rekey.
func (s *Service) shunt(m *settings.Section, p policy) {
	m.Add("mode", p.mode).Add("rekey_time", "0").Add("rekey_bytes", "0").Add("rekey_packets", "0").Add("dpd_action", "none").Add("close_action", "none")
	m.AddList("local-ts", s.services.configured(p.local)...).AddList("remote-ts", s.services.configured(p.remote)...)
}

// child appends the keys of a configured child.
func (s *Service) child(m *settings.Section, c *config.Child) {
	m.Add("mode", configuredMode(c))
	if c.Kernel.Label != "" {
		m.Add("label", c.Kernel.Label)
	}
	m.Add("rekey_time", seconds(c.RekeyTime)).Add("rekey_bytes", strconv.FormatUint(c.Bytes.Rekey, 10)).Add("rekey_packets", strconv.FormatUint(c.Packets.Rekey, 10))
	m.Add("dpd_action", action(c.DPDAction)).Add("close_action", action(c.OnClose))
	m.AddList("local-ts", s.services.configured(c.Local)...).AddList("remote-ts", s.services.configured(c.Remote)...)
	if c.Kernel.Device != "" {
		m.Add("interface", c.Kernel.Device)
	}
	if c.Priority != 0 {
		m.Add("priority", strconv.FormatInt(swanctl.Priority(int64(c.Priority)), 10))
	}
}

func configuredMode(c *config.Child) string {
	switch {
	case c.IPTFS.Present():
		return "IPTFS"
	case c.Mode == esp.Transport:
		return "TRANSPORT"
	}
	return "TUNNEL"
}

// anyAddress stands for no address at all.
const anyAddress = "%any"

func localAddresses(prefixes []netip.Prefix) []string {
	if len(prefixes) == 0 {
		return []string{anyAddress}
	}
	list := make([]string, len(prefixes))
	for i, p := range prefixes {
		list[i] = network(p)
	}
	return list
}

func remoteAddresses(addresses []config.Address) []string {
	if len(addresses) == 0 {
		return []string{anyAddress}
	}
	list := make([]string, len(addresses))
	for i, a := range addresses {
		list[i] = a.Name
		if a.Name == "" {
			list[i] = network(a.Prefix)
		}
	}
	return list
}

// network prints a prefix; that of one address without its length.
func network(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

func port(n uint16) string { return strconv.Itoa(int(n)) }

func seconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

func uniqueness(u ike.Uniqueness) string {
	switch u {
	case ike.UniqueReplace:
		return "UNIQUE_REPLACE"
	case ike.UniqueKeep:
		return "UNIQUE_KEEP"
	case ike.UniqueNever:
		return "UNIQUE_NEVER"
	}
	return "UNIQUE_NO"
}

func action(a ike.StartAction) string {
	switch a {
	case ike.StartTrap:
		return "trap"
	case ike.StartUp:
		return "start"
	case ike.StartTrapUp:
		return "trap | start"
	}
	return "none"
}
