package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// Daemon holds the settings of the whole process.
type Daemon struct {
	Origin
	Listen   []netip.Addr // empty: every address
	Port     uint16
	NATPort  uint16
	TCPPorts []uint16 // on which streams are accepted; empty: none

	Socket      string
	SocketGroup string // group that may use the socket; empty: only its owner
	StateDir    string
	LogLevel    slog.Level
	LogFormat   LogFormat
	KeyLog      string // folder that receives session keys for Wireshark; empty: none

	Workers    int // 0: one for each processor
	HalfOpen   HalfOpen
	Retransmit Retransmit
	Dataplane  Dataplane
	Hooks      Hooks
}

// LogFormat is how log lines are written.
type LogFormat string

// The log formats.
const (
	LogAuto    LogFormat = "auto" // LogJournal under systemd, otherwise LogText
	LogText    LogFormat = "text"
	LogJSON    LogFormat = "json"
	LogJournal LogFormat = "journal" // lines with the priority prefix that the journal reads
)

// HalfOpen bounds what peers that are not yet authenticated can cost.
type HalfOpen struct {
	Origin
	Limit           int
	PerPrefix       int // for each /32 or /56
	CookieThreshold int // half-open IKE SAs from which on cookies are asked for; 0: always
	Timeout         time.Duration
}

// Retransmit is the backoff of requests: before retransmission n the wait is Timeout * Base^n, at most Max, plus or minus
// Jitter percent.
type Retransmit struct {
	Origin
	Tries   int
	Timeout time.Duration
	Base    float64
	Max     time.Duration
	Jitter  int
}

// Dataplane says who carries the packets, and how.
type Dataplane struct {
	Origin
	Backend Backend
	Device  string
	MTU     int
	Queues  int // 0 is as many as the host has processors, within reason
}

// Backend is a way of processing packets.
type Backend string

// The backends.
const (
	BackendAuto   Backend = "auto"   // BackendKernel where the kernel has all that the configuration needs, else BackendUser
	BackendUser   Backend = "user"   // ESP in this process, on a TUN device
	BackendKernel Backend = "kernel" // ESP in the kernel
	BackendFake   Backend = "fake"   // no packets at all, for trying out configurations without root
)

func newDaemon() *Daemon {
	return &Daemon{
		Port: 500, NATPort: 4500,
		Socket: "/run/culvert/culvert.sock", StateDir: "/var/lib/culvert",
		LogFormat:  LogAuto,
		HalfOpen:   HalfOpen{Limit: 10000, PerPrefix: 64, CookieThreshold: 256, Timeout: 30 * time.Second},
		Retransmit: Retransmit{Tries: 5, Timeout: 4 * time.Second, Base: 1.8, Max: time.Minute, Jitter: 10},
		Dataplane:  Dataplane{Backend: BackendAuto, Device: "culvert%d"},
		Hooks:      Hooks{Timeout: 30 * time.Second, AtOnce: 4, Queue: 1024},
	}
}

func (d *Daemon) schema() schema {
	return schema{
		kind: "daemon", origin: &d.Origin,
		doc: "Settings of the whole process. At most one block; every option may stay out.",
		options: []option{
			{name: "listen", slot: many(&d.Listen, address()),
				doc: "Local addresses on which IKE and ESP are received. Empty: every address of the host, also those that come later."},
			{name: "port", slot: one(&d.Port, number[uint16](1, 65535)), rfc: "RFC 7296, Section 2", aka: "charon.port",
				doc: "UDP port of IKE."},
			{name: "nat_port", slot: one(&d.NATPort, number[uint16](1, 65535)), rfc: "RFC 3948", aka: "charon.port_nat_t",
				doc: "UDP port of IKE and ESP once a NAT was found or encapsulation is forced."},
			{name: "tcp_ports", slot: many(&d.TCPPorts, number[uint16](1, 65535)), rfc: "RFC 9329, Section 2",
				doc: "TCP ports on which peers may open streams for IKE and ESP, usually `[4500]`, for connections with `transport` `tcp` or `auto`. Empty: none; our own streams need none."},
			{name: "socket", slot: one(&d.Socket, absolute()),
				doc: "Unix socket of the management API."},
			{name: "socket_group", slot: one(&d.SocketGroup, word("group name", 32)),
				doc: "Group whose members may use the socket too, with the role `operate` unless a `role` of the block `api` gives another one. Without it only root can."},
			{name: "state_dir", slot: one(&d.StateDir, absolute()),
				doc: "Directory for what outlives the process: address leases, and the sequence numbers of SIMs. Without it, that of `StateDirectory=` of the unit counts (`$STATE_DIRECTORY`) before `/var/lib/culvert`. Each daemon of a host needs one of its own."},
			{name: "log_level", slot: one(&d.LogLevel, choice("log level",
				value("debug", slog.LevelDebug), value("info", slog.LevelInfo), value("warn", slog.LevelWarn), value("error", slog.LevelError))),
				doc: "The least severe messages that are logged."},
			{name: "log_format", slot: one(&d.LogFormat, words(LogAuto, LogText, LogJSON, LogJournal)),
				doc: "How log lines are written to standard error: `auto` is `journal` under systemd and `text` elsewhere."},
			{name: "key_log", slot: one(&d.KeyLog, absolute()),
				doc: "Folder in which session keys are kept so that Wireshark can decrypt captures: a profile with `ikev2_decryption_table` and `esp_sa`. Whoever reads it reads the traffic; leave it out in production."},
			{name: "workers", slot: one(&d.Workers, number[int](0, 1024)), aka: "charon.threads",
				doc: "Goroutines for key exchange and signatures. 0: one for each processor."},
		},
		blocks: []nested{
			{kind: "half_open", open: d.HalfOpen.schema},
			{kind: "retransmit", open: d.Retransmit.schema},
			{kind: "dataplane", open: d.Dataplane.schema},
			{kind: "hooks", open: d.Hooks.schema},
		},
		finish: func(dec *decoder) {
			if d.Port == d.NATPort {
				dec.contradiction(&d.Origin, d.first("nat_port", "port"), "port and nat_port are both %d: messages on them look different and need a port each", d.Port)
			}
		},
	}
}

func (h *HalfOpen) schema() schema {
	return schema{
		kind: "half_open", origin: &h.Origin,
		doc: "Limits on peers that have not authenticated yet.",
		options: []option{
			{name: "limit", slot: one(&h.Limit, number[int](1, 1<<24)), rfc: "RFC 8019, Section 4.3",
				doc: "Half-open IKE SAs at one time; beyond them whoever has said nothing for two seconds makes room, or initial requests are dropped."},
			{name: "per_prefix", slot: one(&h.PerPrefix, number[int](1, 1<<24)), rfc: "RFC 8019, Section 4.3", aka: "charon.block_threshold",
				doc: "Half-open IKE SAs from one IPv4 address or one IPv6 /56; from half of them on its peers have to return a cookie."},
			{name: "cookie_threshold", slot: one(&h.CookieThreshold, number[int](0, 1<<24)), rfc: "RFC 7296, Section 2.6", aka: "charon.cookie_threshold",
				doc: "Half-open IKE SAs from which on a peer has to return a cookie. 0: always."},
			{name: "timeout", slot: one(&h.Timeout, duration(time.Second, 10*time.Minute)), aka: "charon.half_open_timeout",
				doc: "Time that a peer has to authenticate."},
		},
		finish: func(d *decoder) {
			if h.PerPrefix > h.Limit && h.Given("per_prefix") {
				d.contradiction(&h.Origin, "per_prefix", "per_prefix is %d, more than limit, which is %d: it would never be reached", h.PerPrefix, h.Limit)
			}
		},
	}
}

func (r *Retransmit) schema() schema {
	return schema{
		kind: "retransmit", origin: &r.Origin,
		doc: "How requests are repeated that find no answer. With the defaults a peer is given up after about two and a half minutes.",
		options: []option{
			{name: "tries", slot: one(&r.Tries, number[int](0, 30)), rfc: "RFC 7296, Section 2.4", aka: "charon.retransmit_tries",
				doc: "Retransmissions before the peer is taken for dead."},
			{name: "timeout", slot: one(&r.Timeout, duration(100*time.Millisecond, time.Minute)), rfc: "RFC 7296, Section 2.1", aka: "charon.retransmit_timeout",
				doc: "Wait before the first retransmission."},
			{name: "base", slot: one(&r.Base, fraction(1, 10)), aka: "charon.retransmit_base",
				doc: "Factor by which each wait is longer than the one before."},
			{name: "max", slot: one(&r.Max, duration(time.Second, time.Hour)), aka: "charon.retransmit_limit",
				doc: "The longest wait."},
			{name: "jitter", slot: one(&r.Jitter, number[int](0, 90)), aka: "charon.retransmit_jitter",
				doc: "Percent by which each wait is made longer or shorter at random."},
		},
		finish: func(d *decoder) {
			if r.Max < r.Timeout {
				d.contradiction(&r.Origin, "max", "max is %s, less than timeout, which is %s", formatDuration(r.Max), formatDuration(r.Timeout))
			}
		},
	}
}

func (p *Dataplane) schema() schema {
	return schema{
		kind: "dataplane", origin: &p.Origin,
		doc: "Who carries the packets, and how.",
		options: []option{
			{name: "backend", slot: one(&p.Backend, words(BackendAuto, BackendUser, BackendKernel, BackendFake)),
				doc: "`user` seals and opens packets in the daemon, on a TUN device; `kernel` gives SAs and policies to the kernel; `auto` is `kernel` where the kernel has all that the connections need, and else `user`, and says why; `fake` carries none, for trying out configurations without root."},
			{name: "device", slot: one(&p.Device, word("interface name", 15)),
				doc: "Name of the TUN device of `user`; `%d` becomes a number."},
			{name: "mtu", slot: one(&p.MTU, orWord(number[int](1280, 65535), "auto", 0, `a number from 1280 to 65535, or "auto"`)), aka: "charon.plugins.kernel-libipsec.mtu",
				doc: "MTU of the device in octets. `\"auto\"` is what fits the paths of the tunnels, as it is found out (docs/mtu.md); there is no need to set it."},
			{name: "queues", slot: one(&p.Queues, queues()),
				doc: "Queues of the device, each with two threads and sockets of its own, between which flows and SAs are spread. " +
					"`\"auto\"` is one for each processor, 8 at most."},
		},
	}
}
