package config

import (
	"net/netip"
	"slices"
	"time"

	"culvert/dataplane"
	"culvert/eap"
	"culvert/eap/aka"
	"culvert/ike"
	"culvert/suite"
	"culvert/wire"
)

// A Connection is what is configured about one peer or class of peers.
type Connection struct {
	Origin
	Name           string
	Source         string   // what has loaded it: LoadedByFile, or as Source.Loaders says
	PeerType       PeerType // "": none that is known
	Local          Local
	Remote         Remote
	Children       []*Child
	Proposals      []wire.Proposal
	Fragmentation  ike.Fragmentation
	FragmentSize   int // octets of an IKE message; 0: by address family
	Childless      ike.Childless
	WindowSize     int
	Transport      ike.Transport
	ForceEncap     bool
	AlwaysNATPort  bool // as initiator
	PathProbes     bool // find the MTU of the path with requests of its size
	Keepalive      time.Duration
	DPDDelay       time.Duration // 0: no liveness checks
	RekeyTime      time.Duration // 0: never
	ReauthTime     time.Duration // 0: never
	OverTime       time.Duration // hard limit after RekeyTime or ReauthTime
	RandTime       time.Duration // at most this much is taken off RekeyTime and ReauthTime
	AuthLifetime   time.Duration // announced to the initiator; 0: not
	AuthGrace      time.Duration // after AuthLifetime, until the IKE SA ends
	Unique         ike.Uniqueness
	InitialContact bool
	SendCertReq    bool
	AnnounceAuth   bool
	VirtualIPs     []netip.Addr // wished as client; an unspecified address asks for any of its family
	RequestDNS     bool
	Pools          []string
	MaxChildren    int
	KeepUp         bool
	Tries          int // attempts to connect; 0: for ever
	RetryDelay     time.Duration
	RetryMaxDelay  time.Duration
	DSCP           uint8 // of IKE messages
	Redirect       Redirect
	IfIDIn         dataplane.InterfaceID // of the children that have none
	IfIDOut        dataplane.InterfaceID

	PostQuantum         suite.PostQuantum
	PPKNames            []string
	PPKRequired         bool
	PPKExchange         ike.PPKExchange
	DowngradePrevention bool
}

// Label returns the name.
func (c *Connection) Label() string { return c.Name }

// Child returns the child of that name, or nil.
func (c *Connection) Child(name string) *Child { return named(c.Children, name) }

func newLocalRound() LocalRound {
	return LocalRound{ShowOCSP: true, EAP: LocalEAP{Methods: []eap.Type{eap.TypeMSCHAPv2}, TLS: newLocalTLS()}}
}

func newRemoteRound() RemoteRound {
	return RemoteRound{MinRSABits: 2048, EAP: RemoteEAP{Methods: []eap.Type{eap.TypeMSCHAPv2}, Network: aka.DefaultNetwork, AskIdentity: true, TLS: newRemoteTLS()}}
}

func newConnection(loader string) *Connection {
	return &Connection{
		Source:    loader,
		Local:     Local{LocalRound: newLocalRound(), Second: newLocalRound()},
		Remote:    Remote{Port: 500, TCPPort: 4500, RemoteRound: newRemoteRound(), Second: newRemoteRound()},
		Proposals: suite.DefaultIKE(), WindowSize: 1,
		Keepalive: 20 * time.Second, DPDDelay: 30 * time.Second, RekeyTime: 4 * time.Hour,
		Unique: ike.UniqueNo, InitialContact: true, PathProbes: true, SendCertReq: true, AnnounceAuth: true, MaxChildren: 64,
		Tries: 1, RetryDelay: 5 * time.Second, RetryMaxDelay: 5 * time.Minute,
		DowngradePrevention: true, Redirect: Redirect{Follow: ike.RedirectFollow, Wait: time.Minute},
	}
}

func (c *Connection) schema() schema {
	return schema{
		kind: "connection", label: &c.Name, named: "name", origin: &c.Origin,
		doc:     "One peer, or a class of peers that share their settings.",
		first:   "peer_type",
		options: slices.Concat(c.options(), c.redirectOptions(), c.quantumOptions()),
		blocks: []nested{
			{kind: "local", open: c.Local.schema},
			{kind: "remote", open: c.Remote.schema},
			{kind: "child", many: true, open: func() schema {
				child := newChild()
				presetOf(c.PeerType).child(child)
				c.Children = append(c.Children, child)
				return child.schema()
			}},
		},
		finish: c.finish,
	}
}

// year is the longest time that a connection may have for something.
const year = 365 * 24 * time.Hour

func (c *Connection) options() []option {
	return slices.Concat(c.messageOptions(), c.timeOptions(), c.peerOptions())
}

// messageOptions are about IKE messages, and how they and ESP get to the peer.
func (c *Connection) messageOptions() []option {
	return []option{
		{name: "version", slot: one(new(uint8), only[uint8](2, "IKEv1 is obsolete and not there (RFC 9395)")), aka: "version",
			doc: "Version of IKE. There is only 2."},
		{name: "peer_type", slot: peerType(c), computed: "none", doc: peerTypeDoc()},
		{name: "proposals", slot: proposals(&c.Proposals, wire.ProtocolIKE), rfc: "RFC 7296, Section 2.7; RFC 8247", aka: "proposals",
			doc: "Algorithms of the IKE SA in order of preference, as `aes256gcm16-prfsha384-x25519`. `default` stands for the recommended ones."},
		{name: "fragmentation", slot: one(&c.Fragmentation, choice("fragmentation policy", value("yes", ike.FragmentYes), value("no", ike.FragmentNo),
			value("accept", ike.FragmentAccept), value("force", ike.FragmentForce))), rfc: "RFC 7383", aka: "fragmentation",
			doc: "Whether IKE messages are split so that IP need not. `yes`: what is too large; `accept`: only the peer's; `force`: every protected message."},
		{name: "dscp", slot: one(&c.DSCP, number[uint8](0, 63)), rfc: "RFC 2474", aka: "dscp",
			doc: "DSCP of IKE messages in UDP, as 46 for expedited forwarding."},
		{name: "fragment_size", slot: one(&c.FragmentSize, zeroOr(512, 65000)), rfc: "RFC 7383, Section 2.5.1", aka: "charon.fragment_size",
			doc: "Octets of the largest IKE message that is sent whole. 0: what fits every network of the address family."},
		{name: "childless", slot: one(&c.Childless, choice("childless policy", value("allow", ike.ChildlessAllow), value("prefer", ike.ChildlessPrefer),
			value("force", ike.ChildlessForce), value("never", ike.ChildlessNever))), rfc: "RFC 6023", aka: "childless",
			doc: "IKE SAs without a first child. `allow`: as responder; `prefer`: as initiator when the peer can; `force`: only; `never`: refused."},
		{name: "window_size", slot: one(&c.WindowSize, number[int](1, 64)), rfc: "RFC 7296, Section 2.3",
			doc: "Requests that the peer may have outstanding, announced when above 1."},
		{name: "transport", slot: one(&c.Transport, choice("transport", value("udp", ike.TransportUDP), value("tcp", ike.TransportTCP),
			value("auto", ike.TransportAuto))), rfc: "RFC 9329",
			doc: "What carries IKE and ESP. `udp`; `tcp`: a TCP stream, only; `auto`: as initiator UDP first and a stream where UDP gets no answer, as responder either (see `daemon.tcp_ports`)."},
		{name: "force_encapsulation", slot: one(&c.ForceEncap, boolean()), rfc: "RFC 7296, Section 2.23; RFC 3948", aka: "encap",
			doc: "Carry ESP in UDP even without a NAT on the way."},
		{name: "always_nat_port", slot: one(&c.AlwaysNATPort, boolean()), rfc: "RFC 7296, Section 2.23", aka: "mobike",
			doc: "As initiator: go on from port 4500 after IKE_SA_INIT even without a NAT on the way. ESP stays without UDP."},
		{name: "path_probes", slot: one(&c.PathProbes, boolean()), rfc: "RFC 8899",
			doc: "Find the MTU of the path with IKE requests padded to the size in question, which every peer answers. Without, ICMP alone lowers it."},
		{name: "keepalive", slot: one(&c.Keepalive, duration(time.Second, time.Hour)), rfc: "RFC 3948, Section 4", aka: "charon.keep_alive",
			doc: "Interval of NAT keepalives while we are behind a NAT."},
	}
}

// timeOptions are about how long things last.
func (c *Connection) timeOptions() []option {
	return []option{
		{name: "dpd_delay", slot: one(&c.DPDDelay, duration(0, 24*time.Hour)), rfc: "RFC 7296, Section 2.4", aka: "dpd_delay",
			doc: "Time without a sign of life after which the peer is asked for one. `0s`: never."},
		{name: "rekey_time", slot: one(&c.RekeyTime, duration(0, year)), rfc: "RFC 7296, Section 2.8", aka: "rekey_time",
			doc: "Age at which the IKE SA gets new keys, less a random part of `rand_time`. `0s`: never."},
		{name: "reauth_time", slot: one(&c.ReauthTime, duration(0, year)), rfc: "RFC 7296, Section 2.8.3", aka: "reauth_time",
			doc: "Age at which both sides authenticate anew, the new IKE SA before the old one ends. `0s`: never."},
		{name: "over_time", slot: one(&c.OverTime, duration(0, year)), computed: "10 % of the longer of rekey_time and reauth_time", aka: "over_time",
			doc: "Time after `rekey_time` or `reauth_time` at which the IKE SA ends if neither succeeded."},
		{name: "rand_time", slot: one(&c.RandTime, duration(0, year)), computed: "over_time", aka: "rand_time",
			doc: "Upper bound of the random time by which rekeying comes earlier, so that many peers do not come at once."},
		{name: "auth_lifetime", slot: one(&c.AuthLifetime, duration(0, year)), rfc: "RFC 4478",
			doc: "As responder: time after which the initiator has to authenticate again. `0s`: not announced."},
		{name: "auth_grace", slot: one(&c.AuthGrace, duration(0, year)), rfc: "RFC 4478", aka: "over_time",
			doc: "Time after `auth_lifetime` at which an IKE SA ends that was not authenticated again. `0s`: it ends at once."},
	}
}

// peerOptions are about who is let in, and what each side gets.
func (c *Connection) peerOptions() []option {
	return []option{
		{name: "unique", slot: one(&c.Unique, choice("uniqueness policy", value("replace", ike.UniqueReplace), value("keep", ike.UniqueKeep),
			value("no", ike.UniqueNo), value("never", ike.UniqueNever))), rfc: "RFC 7296, Section 2.4", aka: "unique",
			doc: "When a peer with the same identity connects again: `replace` the old IKE SA; `keep` it and refuse; `no`: keep both unless the peer sends INITIAL_CONTACT; `never`: keep both even then."},
		{name: "initial_contact", slot: one(&c.InitialContact, boolean()), rfc: "RFC 7296, Section 2.4",
			doc: "As initiator: tell the peer to forget older IKE SAs of ours."},
		{name: "announce_auth", slot: one(&c.AnnounceAuth, boolean()), rfc: "RFC 9593",
			doc: "Tell the peer which ways to authenticate we accept, so that it can choose among its certificates and signatures."},
		{name: "send_certreq", slot: one(&c.SendCertReq, boolean()), rfc: "RFC 7296, Section 3.7", aka: "send_certreq",
			doc: "Tell the peer which certificate authorities we trust."},
		{name: "virtual_ips", slot: many(&c.VirtualIPs, address()), rfc: "RFC 7296, Section 2.19", aka: "vips",
			doc: "As client: addresses to ask the gateway for. `0.0.0.0` and `::` ask for any."},
		{name: "request_dns", slot: one(&c.RequestDNS, boolean()), computed: "true with virtual_ips", rfc: "RFC 7296, Section 3.15.1",
			doc: "As client: ask the gateway for DNS servers too."},
		{name: "pools", slot: many(&c.Pools, blockName()), rfc: "RFC 7296, Section 2.19", aka: "pools",
			doc: "As gateway: names of the `pool` blocks that peers get addresses from, the first one with a free address."},
		{name: "max_children", slot: one(&c.MaxChildren, number[int](1, 4096)), rfc: "RFC 7296, Section 1.3",
			doc: "Child SAs that one peer may hold; more are refused with NO_ADDITIONAL_SAS."},
		{name: "keep_up", slot: one(&c.KeepUp, boolean()), computed: "true when a child has start = \"start\"",
			doc: "Connect again for ever when connecting fails or the connection is lost, looking up the peer's name each time."},
		{name: "tries", slot: one(&c.Tries, number[int](0, 1000)), computed: "1; without end with keep_up", aka: "keyingtries",
			doc: "Attempts to connect before it is given up. 0: without end until it is up; what follows a loss is for `dpd_action` and `on_close`."},
		{name: "retry_delay", slot: one(&c.RetryDelay, duration(100*time.Millisecond, 24*time.Hour)), aka: "charon.retry_initiate_interval",
			doc: "Wait after the first failed attempt; each further wait is twice as long."},
		{name: "if_id_in", slot: one(&c.IfIDIn, interfaceID()), rfc: "ip-link(8)", aka: "if_id_in",
			doc: "`if_id_in` of the children that have none. With `unique` and `unique-dir` the number is one of the IKE SA, which all of them share, and keep over rekeying. The kernel's data plane only."},
		{name: "if_id_out", slot: one(&c.IfIDOut, interfaceID()), rfc: "ip-link(8)", aka: "if_id_out",
			doc: "`if_id_out` of the children that have none, likewise. The kernel's data plane only."},
		{name: "retry_max_delay", slot: one(&c.RetryMaxDelay, duration(time.Second, 24*time.Hour)),
			doc: "The longest wait between attempts."},
	}
}

// finish computes the defaults that depend on other options and refuses contradictions.
func (c *Connection) finish(d *decoder) {
	if !c.Given("over_time") {
		c.OverTime = max(c.RekeyTime, c.ReauthTime) / 10
	}
	if !c.Given("rand_time") {
		c.RandTime = c.OverTime
	}
	if !c.Given("request_dns") {
		c.RequestDNS = len(c.VirtualIPs) > 0
	}
	if !c.Given("keep_up") {
		c.KeepUp = !c.Given("tries") && c.starts()
	}
	if c.KeepUp {
		c.Tries = 0
	}
	c.finishInterfaces(d)
	c.contradictions(d)
}

func (c *Connection) starts() bool {
	for _, child := range c.Children {
		if child.Start.Starts() {
			return true
		}
	}
	return false
}

func (c *Connection) contradictions(d *decoder) {
	if c.KeepUp && c.Given("tries") {
		d.contradiction(&c.Origin, "tries", "keep_up connects for ever, whatever tries says: give one of them")
	}
	if c.Given("request_dns") && c.RequestDNS && len(c.VirtualIPs) == 0 {
		d.contradiction(&c.Origin, "request_dns", `request_dns needs virtual_ips, as ["0.0.0.0"]: servers come along with an address`)
	}
	if len(c.VirtualIPs) > 0 && len(c.Pools) > 0 {
		d.contradiction(&c.Origin, "pools", "virtual_ips asks the peer for addresses, pools hands some to it: a connection is client or gateway")
	}
	if c.Transport == ike.TransportTCP && c.ForceEncap {
		d.contradiction(&c.Origin, "force_encapsulation", `force_encapsulation is about UDP, and transport is "tcp"`)
	}
	if c.Fragmentation == ike.FragmentNo && c.FragmentSize != 0 {
		d.contradiction(&c.Origin, "fragment_size", `fragment_size has no effect with fragmentation = "no"`)
	}
	if shortest := shortestPositive(c.RekeyTime, c.ReauthTime); shortest > 0 && c.RandTime >= shortest {
		d.contradiction(&c.Origin, "rand_time", "rand_time is %s, but rekeying is due after %s: it could come at once", formatDuration(c.RandTime), formatDuration(shortest))
	}
	if len(c.PPKNames) == 0 {
		if option := c.first("ppk_required", "ppk_exchange"); option != "" {
			d.contradiction(&c.Origin, option, "%s has no effect without ppk", option)
		}
	}
	c.contradictRedirects(d)
	if c.RetryMaxDelay < c.RetryDelay {
		d.contradiction(&c.Origin, "retry_max_delay", "retry_max_delay is %s, less than retry_delay, which is %s", formatDuration(c.RetryMaxDelay), formatDuration(c.RetryDelay))
	}
}

// shortestPositive returns the shortest of the times that are not 0, or 0.
func shortestPositive(times ...time.Duration) time.Duration {
	var shortest time.Duration
	for _, t := range times {
		if t > 0 && (shortest == 0 || t < shortest) {
			shortest = t
		}
	}
	return shortest
}
