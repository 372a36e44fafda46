package config

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"culvert/radius"
	"culvert/secret"
)

// RADIUS is a group of servers that know the same users, and how we speak with them.
type RADIUS struct {
	Origin
	Name          string
	NASIdentifier string // "": the name of the host
	NASAddress    netip.Addr
	FramedMTU     uint16
	GroupsFrom    []radius.Type
	Groups        map[string]string
	GroupsOnly    bool
	Timeout       time.Duration
	Tries         int
	DeadTime      time.Duration
	Accounting    bool
	Interim       time.Duration
	Servers       []*RADIUSServer
	DAE           DAE
}

// A RADIUSServer is one server of a group.
type RADIUSServer struct {
	Origin
	Name           string
	Address        Address
	Transport      Transport
	Port           uint16
	AccountingPort uint16
	Secret         secret.Bytes
	CAs            []CertificateFile
	Certificates   []CertificateFile
	Key            *KeyFile
	ServerName     string
}

// Transport is what carries RADIUS packets.
type Transport string

// The transports.
const (
	TransportUDP Transport = "udp"
	TransportTLS Transport = "tls"
)

// DAE says who may ask for sessions to end or change. Without clients nobody may.
type DAE struct {
	Origin
	Listen  []netip.Addr // empty: every address
	Port    uint16
	Clients []netip.Prefix
	Secret  secret.Bytes
	Window  time.Duration
}

// Label returns the name.
func (r *RADIUS) Label() string { return r.Name }

// Label returns the name.
func (s *RADIUSServer) Label() string { return s.Name }

func newRADIUS() *RADIUS {
	return &RADIUS{
		FramedMTU: 1400, GroupsFrom: []radius.Type{radius.FilterID}, Timeout: 2 * time.Second, Tries: 3, DeadTime: time.Minute, Interim: 10 * time.Minute,
		DAE: DAE{Port: 3799, Window: 5 * time.Minute},
	}
}

func (r *RADIUS) schema() schema {
	return schema{
		kind: "radius", label: &r.Name, named: "name", origin: &r.Origin,
		doc:     "RADIUS servers that authenticate peers by EAP and take accounting records. docs/radius.md has the attributes.",
		options: r.options(),
		blocks: []nested{
			{kind: "server", many: true, open: func() schema { return add(&r.Servers, newRADIUSServer()).schema() }},
			{kind: "dae", open: r.DAE.schema},
		},
		finish: r.finish,
	}
}

// Same tells whether another version means the same, the order of servers included.
func (r *RADIUS) Same(other *RADIUS) bool {
	if len(r.Servers) != len(other.Servers) || len(differing(r.schema(), other.schema())) > 0 {
		return false
	}
	for i, s := range r.Servers {
		if o := other.Servers[i]; s.Name != o.Name || len(differing(s.schema(), o.schema())) > 0 {
			return false
		}
	}
	return true
}

func (r *RADIUS) options() []option {
	const day = 24 * time.Hour
	return []option{
		{name: "nas_identifier", slot: one(&r.NASIdentifier, groupName()), computed: "the host's name", rfc: "RFC 2865, Section 5.32", aka: "eap-radius.nas_identifier",
			doc: "Who we are to the servers."},
		{name: "nas_address", slot: one(&r.NASAddress, address()), computed: "the address that the peer has connected to", rfc: "RFC 2865, Section 5.4; RFC 3162, Section 2.1",
			doc: "NAS-IP-Address or NAS-IPv6-Address."},
		{name: "framed_mtu", slot: one(&r.FramedMTU, number[uint16](64, 3500)), rfc: "RFC 3579, Section 2.4",
			doc: "The largest EAP packet that servers may send, which decides how EAP-TLS is cut into pieces."},
		{name: "groups_from", slot: many(&r.GroupsFrom, choice("attribute", value("filter-id", radius.FilterID), value("class", radius.Class))), rfc: "RFC 2865, Sections 5.11 and 5.25", aka: "eap-radius.class_group",
			doc: "Attributes of an acceptance that name groups of the user."},
		{name: "groups", slot: table(&r.Groups, "value of the attribute", groupName()),
			doc: "What the values of the attributes mean, as `{ \"OU=Sales;\" = \"sales\" }`. Others are names of groups themselves."},
		{name: "groups_only", slot: one(&r.GroupsOnly, boolean()),
			doc: "Leave out what `groups` does not have."},
		{name: "timeout", slot: one(&r.Timeout, duration(100*time.Millisecond, time.Minute)), rfc: "RFC 5080, Section 2.2.1", aka: "eap-radius.retransmit_timeout",
			doc: "Wait for an answer before the request is sent again; each further wait is twice as long, and a tenth is random."},
		{name: "tries", slot: one(&r.Tries, number[int](1, 10)), aka: "eap-radius.retransmit_tries",
			doc: "How often a request is sent to one server before the next one is asked."},
		{name: "dead_time", slot: one(&r.DeadTime, duration(time.Second, day)),
			doc: "Time for which a silent server is left alone. Then one request tries it, and the others do not wait for that."},
		{name: "accounting", slot: one(&r.Accounting, boolean()), rfc: "RFC 2866", aka: "eap-radius.accounting",
			doc: "Send accounting records of the sessions that these servers have authenticated."},
		{name: "interim", slot: one(&r.Interim, duration(0, day)), rfc: "RFC 2869, Section 2.1", aka: "eap-radius.accounting_interval",
			doc: "Interval of interim updates when the server says none. `0s`: none, else at least a minute."},
	}
}

func (r *RADIUS) finish(d *decoder) {
	if len(r.Servers) == 0 {
		d.missing(&r.Origin, "radius "+quote(r.Name), "server", `add server "a" { ... } with address and secret`)
	}
	if r.Given("interim") && r.Interim > 0 && r.Interim < time.Minute {
		d.contradiction(&r.Origin, "interim", "interim updates come once a minute at most (RFC 2869, Section 5.16)")
	}
	if r.Given("interim") && !r.Accounting {
		d.contradiction(&r.Origin, "interim", "interim has no effect without accounting = true")
	}
	if r.GroupsOnly && len(r.Groups) == 0 {
		d.contradiction(&r.Origin, "groups_only", "groups_only leaves nobody in a group: give groups")
	}
}

func newRADIUSServer() *RADIUSServer { return &RADIUSServer{Transport: TransportUDP} }

func (s *RADIUSServer) schema() schema {
	return schema{
		kind: "server", label: &s.Name, named: "name", origin: &s.Origin,
		doc: "One server. The first that is not known to be silent is asked, in the order of the file.",
		options: []option{
			{name: "address", slot: one(&s.Address, host()), required: true, doc: "Address or host name."},
			{name: "transport", slot: one(&s.Transport, words(TransportUDP, TransportTLS)), rfc: "RFC 6614",
				doc: "`udp`, or `tls` (RadSec) with certificates."},
			{name: "port", slot: one(&s.Port, number[uint16](1, 65535)), computed: "1812; 2083 with TLS", rfc: "RFC 2865, Section 3",
				doc: "Port of authentication; with TLS of everything."},
			{name: "accounting_port", slot: one(&s.AccountingPort, number[uint16](1, 65535)), computed: "1813", rfc: "RFC 2866, Section 3",
				doc: "Port of accounting over UDP."},
			{name: "secret", slot: preSharedIn(&s.Secret), rfc: "RFC 2865, Section 3",
				doc: "The secret that the server shares with us, written as `secret.psk`. Long and random: who knows it is the server."},
			{name: "ca", slot: many(&s.CAs, certificateFile()), doc: "Files with the authorities that may vouch for the server over TLS. No others are trusted."},
			{name: "certificate", slot: many(&s.Certificates, certificateFile()), doc: "Our certificate for TLS, then the CAs above it."},
			{name: "key", slot: optional(&s.Key, keyFile()), doc: "Private key of our certificate."},
			{name: "server_name", slot: one(&s.ServerName, groupName()), computed: "address", doc: "The name in the server's certificate."},
		},
		finish: s.finish,
	}
}

func (s *RADIUSServer) finish(d *decoder) {
	title := "server " + quote(s.Name)
	if s.Address.Name == "" && !s.Address.Prefix.IsSingleIP() {
		d.contradiction(&s.Origin, "address", "a server has one address, %s is many", s.Address)
	}
	if s.Transport == TransportTLS {
		s.finishTLS(d, title)
		return
	}
	if !s.Given("secret") {
		d.missing(&s.Origin, title, "secret", "over UDP everything depends on it")
	}
	if useless := s.first("ca", "certificate", "key", "server_name"); useless != "" {
		d.contradiction(&s.Origin, useless, `it has no effect without transport = "tls"`)
	}
	if !s.Given("port") {
		s.Port = 1812
	}
	if !s.Given("accounting_port") {
		s.AccountingPort = 1813
	}
}

func (s *RADIUSServer) finishTLS(d *decoder, title string) {
	for _, name := range []string{"ca", "certificate", "key"} {
		if !s.Given(name) {
			d.missing(&s.Origin, title, name, "both sides of TLS show certificates (RFC 6614, Section 2.3)")
		}
	}
	if useless := s.first("secret", "accounting_port"); useless != "" {
		d.contradiction(&s.Origin, useless, "TLS has no use for it: the secret is always \"radsec\", and all goes to one port")
	}
	if !s.Given("port") {
		s.Port = 2083
	}
	if s.ServerName == "" {
		s.ServerName = s.Address.String()
	}
}

func (a *DAE) schema() schema {
	return schema{
		kind: "dae", origin: &a.Origin,
		doc: "Who may ask for sessions to end or change, by Disconnect-Request and CoA-Request (RFC 5176). Without the block nobody may.",
		options: []option{
			{name: "listen", slot: many(&a.Listen, address()), doc: "Our addresses. Empty: all."},
			{name: "port", slot: one(&a.Port, number[uint16](1, 65535)), rfc: "RFC 5176, Section 2.3", doc: "Our UDP port."},
			{name: "clients", slot: many(&a.Clients, prefix()), doc: "Addresses or prefixes of those who may ask."},
			{name: "secret", slot: preSharedIn(&a.Secret), doc: "The secret that they share with us."},
			{name: "window", slot: one(&a.Window, duration(time.Second, time.Hour)), rfc: "RFC 5176, Section 6.3",
				doc: "How far the Event-Timestamp of a request may be from our clock. Requests without one are dropped."},
		},
		finish: a.finish,
	}
}

func (a *DAE) finish(d *decoder) {
	given := a.first("listen", "port", "clients", "secret", "window")
	if given == "" {
		return
	}
	for _, name := range []string{"clients", "secret"} {
		if !a.Given(name) {
			d.missing(&a.Origin, "dae", name, "requests are obeyed that come from a client and prove its secret")
		}
	}
	for i, p := range a.Clients {
		if !p.IsValid() || p.Bits() == 0 {
			d.contradiction(&a.Origin, element("clients", i), "%s would be everybody: name the servers", fmt.Sprint(Address{Prefix: p}))
		}
	}
}

// rivals tells whether two would listen at one place.
func (a *DAE) rivals(o *DAE) bool {
	if len(a.Clients) == 0 || len(o.Clients) == 0 || a.Port != o.Port {
		return false
	}
	return len(a.Listen) == 0 || len(o.Listen) == 0 || slices.ContainsFunc(a.Listen, func(addr netip.Addr) bool { return slices.Contains(o.Listen, addr) })
}
