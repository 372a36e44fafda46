package config

import (
	"math"
	"slices"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/ike"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// A Child is what is configured about one Child SA of a connection.
type Child struct {
	Origin
	Name         string
	Local        []spd.Selector // without addresses: ours or the virtual one
	Remote       []spd.Selector // without addresses: the peer's or the one we lease to it
	Proposals    []wire.Proposal
	Mode         esp.Mode
	RekeyTime    time.Duration // 0: never
	LifeTime     time.Duration // 0: no limit
	RandTime     time.Duration
	Bytes        Volume
	Packets      Volume
	DraftSHA256  bool // HMAC-SHA-256 cut to 96 bits
	ReplayWindow int  // packets; 0: no replay protection
	TFC          int  // octets that packets are padded to; 0: none, -1: the path MTU
	DF           dataplane.DF
	CopyDSCP     ike.DSCPCopying
	CopyECN      bool
	ReqID        uint32        // 0: of the data plane's choice
	Inactivity   time.Duration // 0: no limit
	Priority     int
	Start        ike.StartAction
	OnClose      ike.StartAction
	DPDAction    ike.StartAction
	Block        bool     // no clear text while the child is down
	Groups       []string // of the peer's account; empty: any peer

	PerCPU            bool // a Child SA for each processor beside the first
	SinglePair        bool // one Child SA for each pair of addresses
	IPTFS             IPTFS
	Cover             int  // packets per second that leave at least
	NonFirstFragments bool // agree to carry fragments without ports

	Updown     string // command of the shell that runs when the child comes and goes; empty: none
	HostAccess bool

	Kernel dataplane.Kernel
}

// Label returns the name.
func (c *Child) Label() string { return c.Name }

// A Volume bounds an SA by what it carries: from Rekey on, less a random part of up to Rand, it gets new keys, at Life it
// stops. 0 is no limit.
type Volume struct{ Rekey, Life, Rand uint64 }

func newChild() *Child {
	return &Child{
		Local: dynamic(), Remote: dynamic(),
		Proposals: suite.DefaultESP(), RekeyTime: time.Hour, ReplayWindow: 1024,
		CopyDSCP: ike.DSCPOut, CopyECN: true, Block: true, IPTFS: newIPTFS(),
	}
}

func (c *Child) schema() schema {
	return schema{
		kind: "child", label: &c.Name, named: "name", origin: &c.Origin,
		doc:     "One Child SA: which traffic it carries, with which algorithms, and when it is there.",
		options: slices.Concat(c.trafficOptions(), c.lifetimeOptions(), c.hookOptions(), c.kernelOptions()),
		blocks:  []nested{{kind: "iptfs", open: c.IPTFS.schema}},
		finish:  c.finish,
	}
}

func (c *Child) trafficOptions() []option {
	return []option{
		{name: "local", slot: many(&c.Local, selector()), rfc: "RFC 7296, Section 2.9", aka: "local_ts",
			doc: "Our side of the traffic: prefixes, ranges or addresses, with protocol and port as in `10.1.0.0/16[tcp/443]`. `dynamic`: our address or virtual IP."},
		{name: "remote", slot: many(&c.Remote, selector()), rfc: "RFC 7296, Section 2.9", aka: "remote_ts",
			doc: "The peer's side of the traffic. `dynamic`: its address or virtual IP."},
		{name: "groups", slot: many(&c.Groups, word("group", 64)), aka: "remote.groups",
			doc: "Only for peers whose account is in one of these groups. Empty: for all."},
		{name: "mode", slot: one(&c.Mode, choice("mode", value("tunnel", esp.Tunnel), value("transport", esp.Transport))), rfc: "RFC 4301, Section 3.2", aka: "mode",
			doc: "`tunnel` carries whole packets between networks; `transport` protects what the two peers say to each other."},
		{name: "esp_proposals", slot: proposals(&c.Proposals, wire.ProtocolESP), rfc: "RFC 7296, Section 2.7; RFC 8221", aka: "esp_proposals",
			doc: "Algorithms in order of preference, as `aes256gcm16-x25519`; a key exchange applies to rekeying, `esn` and `noesn` choose sequence numbers. `default` stands for the recommended ones."},
		{name: "sha256_96", slot: one(&c.DraftSHA256, boolean()), aka: "sha256_96",
			doc: "Cut HMAC-SHA-256 of ESP to 96 bits, as kernels of Linux before 2.6.33 and devices of their time do, in the place of the 128 of RFC 4868. It is not negotiated: both peers need it, or no packet passes."},
		{name: "start", slot: one(&c.Start, startAction()), aka: "start_action",
			doc: "When the child comes up. `none`: on command or when the peer asks; `trap`: with the first packet; `start`: with the daemon; `trap|start`: both, so that a packet brings it up again once it is down."},
		{name: "on_close", slot: one(&c.OnClose, startAction()), aka: "close_action",
			doc: "What follows when the peer closes the child."},
		{name: "dpd_action", slot: one(&c.DPDAction, choice("action", value("clear", ike.StartNone), value("trap", ike.StartTrap), value("restart", ike.StartUp), value("trap|restart", ike.StartTrapUp))), rfc: "RFC 7296, Section 2.4", aka: "dpd_action",
			doc: "What follows when the peer is found dead: `clear` forgets the child, `trap` waits for the next packet, `restart` connects again at once, `trap|restart` does both."},
		{name: "when_down", slot: one(&c.Block, choice("policy", value("block", true), value("clear", false))), rfc: "RFC 4301, Section 4.4.1",
			doc: "What happens to the child's traffic while there is no SA: `block` drops it, `clear` lets it leave unprotected."},
		{name: "priority", slot: one(&c.Priority, number[int](-1_000_000, 1_000_000)), rfc: "RFC 4301, Section 4.4.1", aka: "priority",
			doc: "Policies with a higher priority are looked at first; among equals the more specific one."},
		{name: "single_pair", slot: one(&c.SinglePair, boolean()), rfc: "RFC 7296, Section 2.9",
			doc: "Give each pair of addresses a Child SA of its own, for peers that take no more."},
		{name: "per_cpu_sas", slot: one(&c.PerCPU, boolean()), rfc: "RFC 9611", aka: "per_cpu_sas",
			doc: "Give each worker of the data plane that has traffic a Child SA of its own beside the first, if the peer agrees: more than one processor carries the traffic then. For gateways that trust each other, not for remote access."},
		{name: "non_first_fragments", slot: one(&c.NonFirstFragments, boolean()), rfc: "RFC 4301, Section 7; RFC 7296, Section 3.10.1",
			doc: "With selectors that have ports: agree with the peer to carry fragments that show none."},
		{name: "replay_window", slot: one(&c.ReplayWindow, zeroOr(64, 8192)), rfc: "RFC 4303, Section 3.4.3", aka: "replay_window",
			doc: "Packets that may arrive out of order, 64 to 8192. 0 switches replay protection off."},
		{name: "tfc", slot: one(&c.TFC, padding()), rfc: "RFC 4303, Section 2.7", aka: "tfc_padding",
			doc: "Pad packets to this many octets, or to the path MTU with `\"mtu\"`, to hide their size; less where the path is narrower. 0: no padding."},
		{name: "tfc_rate", slot: one(&c.Cover, number[int](0, 10_000)), rfc: "RFC 4303, Section 2.6",
			doc: "Packets per second that leave at least: dummy packets fill up where there is no traffic. 0: none do."},
		{name: "df", slot: one(&c.DF, choice("treatment of DF", value("copy", dataplane.DFCopy), value("set", dataplane.DFSet), value("clear", dataplane.DFClear))),
			rfc: "RFC 4301, Section 8.1", aka: "copy_df",
			doc: "The don't-fragment bit of the outer header."},
		{name: "copy_dscp", slot: one(&c.CopyDSCP, boolOr(ike.DSCPOut, 0, value("in", ike.DSCPIn), value("both", ike.DSCPBoth))), rfc: "RFC 4301, Section 5.1.2; RFC 2983", aka: "copy_dscp",
			doc: "Copy the DSCP field to the outer header; `in`: of packets that arrive to the inner one, whoever on the path has set it; `both`."},
		{name: "copy_ecn", slot: one(&c.CopyECN, boolean()), rfc: "RFC 6040", aka: "copy_ecn",
			doc: "Let congestion marks pass between inner and outer header. Without, senders behind the tunnel never hear of congestion on its way."},
		{name: "reqid", slot: one(&c.ReqID, number[uint32](0, 1<<31-1)), aka: "reqid",
			doc: "Number that policy and SAs share in the kernel, by which other programs name them, and `PLUTO_REQID` of commands. 0: another one for each."},
	}
}

func (c *Child) lifetimeOptions() []option {
	return []option{
		{name: "inactivity", slot: one(&c.Inactivity, duration(0, year)), aka: "inactivity",
			doc: "Time without a packet of either direction after which the child ends and waits for a packet or command; new keys begin it anew. `0s`: no limit."},
		{name: "rekey_time", slot: one(&c.RekeyTime, duration(0, year)), rfc: "RFC 7296, Section 2.8", aka: "rekey_time",
			doc: "Age at which the child gets new keys, less a random part of `rand_time`. `0s`: never."},
		{name: "life_time", slot: one(&c.LifeTime, duration(0, year)), computed: "110 % of rekey_time", aka: "life_time",
			doc: "Age at which the child ends if rekeying did not succeed."},
		{name: "rand_time", slot: one(&c.RandTime, duration(0, year)), computed: "life_time - rekey_time", aka: "rand_time",
			doc: "Upper bound of the random time by which rekeying comes earlier."},
		{name: "rekey_bytes", slot: one(&c.Bytes.Rekey, size()), aka: "rekey_bytes",
			doc: "Volume after which the child gets new keys. 0: no limit."},
		{name: "life_bytes", slot: one(&c.Bytes.Life, size()), computed: "110 % of rekey_bytes", aka: "life_bytes",
			doc: "Volume at which the child stops."},
		{name: "rand_bytes", slot: one(&c.Bytes.Rand, size()), computed: "life_bytes - rekey_bytes", aka: "rand_bytes",
			doc: "Upper bound of the random volume by which rekeying comes earlier."},
		{name: "rekey_packets", slot: one(&c.Packets.Rekey, number[uint64](0, math.MaxInt64)), aka: "rekey_packets",
			doc: "Packets after which the child gets new keys. 0: no limit but that of sequence numbers."},
		{name: "life_packets", slot: one(&c.Packets.Life, number[uint64](0, math.MaxInt64)), computed: "110 % of rekey_packets", aka: "life_packets",
			doc: "Packets at which the child stops."},
		{name: "rand_packets", slot: one(&c.Packets.Rand, number[uint64](0, math.MaxInt64)), computed: "life_packets - rekey_packets", aka: "rand_packets",
			doc: "Upper bound of the random number of packets by which rekeying comes earlier."},
	}
}
