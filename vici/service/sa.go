package service

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/swanctl/settings"
)

// unnamed is the connection of an IKE SA of which it is not known yet.
const unnamed = "(unnamed)"

// A view shows SAs at one moment.
type view struct {
	now      time.Time
	config   *config.Config
	services services
}

func (s *Service) view() view {
	return view{now: time.Now(), config: s.daemon.Configuration(), services: s.services}
}

// nameOf is what the section of an IKE SA is called.
func nameOf(sa *api.SA) string {
	if sa.Connection == "" {
		return unnamed
	}
	return sa.Connection
}

// ike appends the keys of an IKE SA.
func (v view) ike(m *settings.Section, sa *api.SA) {
	m.Add("uniqueid", number(sa.ID)).Add("version", "2").Add("state", ikeState(sa.State))
	endpoint(m, "local", &sa.Local)
	endpoint(m, "remote", &sa.Remote)
	eapIdentity(m, sa)
	initiator, responder := sa.PeerSPI, sa.SPI
	if sa.Initiator {
		m.Add("initiator", "yes")
		initiator, responder = responder, initiator
	}
	m.Add("initiator-spi", spi(initiator)).Add("responder-spi", spi(responder))
	v.nat(m, sa)
	interfaceKeys(m, sa.IfIDIn, sa.IfIDOut)
	algorithmKeys(m, sa.Algorithms, true)
	if sa.PPK != "" {
		m.Add("ppk", "yes")
	}
	if sa.State == api.SAEstablished && sa.Established != nil {
		m.Add("established", v.since(*sa.Established))
		v.until(m, "rekey-time", sa.Rekey)
		v.until(m, "reauth-time", sa.Reauth)
	}
	some(m, "local-vips", sa.VirtualIPs)
	some(m, "remote-vips", sa.Leases)
	some(m, "tasks-queued", taskNames(sa.Tasks.Queued))
	some(m, "tasks-active", taskNames(sa.Tasks.Active))
}

// place appends address and port of one side.
func place(m *settings.Section, side string, e *api.Endpoint) {
	host, port := anyAddress, "0"
	if ap, err := netip.ParseAddrPort(e.Address); err == nil {
		host, port = ap.Addr().Unmap().String(), strconv.Itoa(int(ap.Port()))
	}
	m.Add(side+"-host", host).Add(side+"-port", port)
}

// endpoint appends address, port and identity of one side.
func endpoint(m *settings.Section, side string, e *api.Endpoint) {
	place(m, side, e)
	id := e.ID
	if e.IKEID != "" {
		id = e.IKEID
	}
	if id == "" {
		id = anyAddress
	}
	m.Add(side+"-id", printedText(id))
}

// eapIdentity appends whom EAP has authenticated, where that is not the identity of IKE.
func eapIdentity(m *settings.Section, sa *api.SA) {
	switch {
	case sa.Remote.IKEID != "" && sa.Remote.ID != "" && usedEAP(sa.Remote.Auth):
		m.Add("remote-eap-id", sa.Remote.ID)
	case sa.User != "" && sa.User != sa.Remote.ID:
		m.Add("remote-eap-id", sa.User)
	}
}

// usedEAP tells whether any round was of EAP. The identity of a raw public key is not that of IKE either.
func usedEAP(rounds []string) bool {
	return slices.ContainsFunc(rounds, func(how string) bool { return strings.HasPrefix(how, "EAP") })
}

// nat appends who is behind a NAT. Without any we may pretend that there is one.
func (v view) nat(m *settings.Section, sa *api.SA) {
	c := v.config.Connection(sa.Connection)
	fake := c != nil && c.ForceEncap && !sa.Local.NAT && !sa.Remote.NAT
	for _, condition := range []struct {
		key   string
		holds bool
	}{{"nat-local", sa.Local.NAT}, {"nat-remote", sa.Remote.NAT}, {"nat-fake", fake}, {"nat-any", sa.Local.NAT || sa.Remote.NAT || fake}} {
		if condition.holds {
			m.Add(condition.key, "yes")
		}
	}
}

// algorithmKeys appends what was negotiated; the PRF is a matter of IKE SAs.
func algorithmKeys(m *settings.Section, list []api.Algorithm, ike bool) {
	sized := func(kind, key, size string) {
		if a, ok := algorithm(list, kind); ok {
			m.Add(key, a.Name)
			if a.KeyBits != 0 {
				m.Add(size, strconv.Itoa(a.KeyBits))
			}
		}
	}
	sized("encryption", "encr-alg", "encr-keysize")
	sized("integrity", "integ-alg", "integ-keysize")
	if a, ok := algorithm(list, "prf"); ok && ike {
		m.Add("prf-alg", a.Name)
	}
	if a, ok := algorithm(list, "key-exchange"); ok {
		m.Add("dh-group", a.Name)
	}
	for n := range 7 {
		if a, ok := algorithm(list, "key-exchange-"+strconv.Itoa(n+1)); ok {
			m.Add("ake"+strconv.Itoa(n+1), a.Name)
		}
	}
}

// algorithm returns the algorithm of a type, unless it is to have none.
func algorithm(list []api.Algorithm, kind string) (api.Algorithm, bool) {
	for _, a := range list {
		if a.Type == kind {
			return a, a.Name != "NONE"
		}
	}
	return api.Algorithm{}, false
}

// child appends the keys of a child of a connection.
func (v view) child(m *settings.Section, connection string, c *api.Child) {
	m.Add("name", c.Name).Add("uniqueid", number(c.ID)).Add("reqid", number(c.Reqid)).Add("state", childState(c.State)).Add("mode", childMode(c))
	configured := v.configured(connection, c.Name)
	if configured.Kernel.Label != "" {
		m.Add("label", configured.Kernel.Label)
	}
	m.Add("protocol", "ESP")
	if c.Encapsulation != "esp" {
		m.Add("encap", "yes")
	}
	m.Add("spi-in", c.InSPI).Add("spi-out", c.OutSPI)
	kernelKeys(m, c)
	if configured.PerCPU {
		m.Add("per-cpu-sas", "yes")
	}
	if c.Resource != 0 {
		m.Add("cpu", strconv.Itoa(c.Resource-1))
	}
	algorithmKeys(m, c.Algorithms, false)
	if a, ok := algorithm(c.Algorithms, "sequence-numbers"); ok && a.Name == "ESN" {
		m.Add("esn", "1")
	}
	v.traffic(m, "in", c.In)
	v.traffic(m, "out", c.Out)
	v.until(m, "rekey-time", c.Rekey)
	v.until(m, "life-time", c.Expire)
	m.Add("install-time", v.since(c.Created))
	m.AddList("local-ts", v.services.selectors(c.Local)...).AddList("remote-ts", v.services.selectors(c.Remote)...)
}

// configured is what the configuration says about a child; of one that is not configured any more, nothing.
func (v view) configured(connection, child string) *config.Child {
	if c := v.config.Connection(connection); c != nil {
		if child := c.Child(child); child != nil {
			return child
		}
	}
	return new(config.Child)
}

// kernelKeys appends the marks and numbers of interfaces that a child has in the kernel.
func kernelKeys(m *settings.Section, c *api.Child) {
	for _, side := range []struct {
		suffix string
		mark   *api.Mark
	}{{"in", c.MarkIn}, {"out", c.MarkOut}} {
		if side.mark == nil {
			continue
		}
		m.Add("mark-"+side.suffix, hex(side.mark.Value))
		if side.mark.Mask != 1<<32-1 {
			m.Add("mark-mask-"+side.suffix, hex(side.mark.Mask))
		}
	}
	interfaceKeys(m, c.IfIDIn, c.IfIDOut)
}

func interfaceKeys(m *settings.Section, in, out uint32) {
	if in != 0 {
		m.Add("if-id-in", hex(in))
	}
	if out != 0 {
		m.Add("if-id-out", hex(out))
	}
}

func (v view) traffic(m *settings.Section, direction string, t api.Traffic) {
	m.Add("bytes-"+direction, strconv.FormatUint(t.Bytes, 10)).Add("packets-"+direction, strconv.FormatUint(t.Packets, 10))
	if t.LastUse != nil {
		m.Add("use-"+direction, v.since(*t.LastUse))
	}
}

// since is how many seconds ago something was.
func (v view) since(t time.Time) string {
	return strconv.FormatInt(max(0, int64(v.now.Sub(t)/time.Second)), 10)
}

// until appends in how many seconds something will be, if ever.
func (v view) until(m *settings.Section, key string, t *time.Time) {
	if t != nil {
		m.Add(key, strconv.FormatInt(int64(t.Sub(v.now)/time.Second), 10))
	}
}

// some appends a list that is not empty.
func some(m *settings.Section, key string, values []string) {
	if len(values) > 0 {
		m.AddList(key, values...)
	}
}

func number(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

func hex(n uint32) string { return fmt.Sprintf("%08x", n) }

// spi is that of an IKE SA, which the peer may not have told yet.
func spi(text string) string {
	if text == "" {
		return "0000000000000000"
	}
	return text
}

func ikeState(s api.SAState) string {
	switch s {
	case api.SAEstablished:
		return "ESTABLISHED"
	case api.SARekeyed:
		return "REKEYED"
	case api.SAClosing:
		return "DELETING"
	}
	return "CONNECTING"
}

func childState(s api.ChildState) string {
	switch s {
	case api.ChildRekeying:
		return "REKEYING"
	case api.ChildRekeyed:
		return "REKEYED"
	case api.ChildDeleting:
		return "DELETING"
	}
	return "INSTALLED"
}

func childMode(c *api.Child) string {
	switch {
	case c.Out.IPTFS != nil || c.In.IPTFS != nil:
		return "IPTFS"
	case c.Mode == "transport":
		return "TRANSPORT"
	}
	return "TUNNEL"
}
