package doctor_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"culvert/api"
	"culvert/dataplane/xfrm"
	"culvert/doctor"
	"culvert/doctor/doctortest"
	"culvert/explain"
)

// A fault is planted into a healthy host, and found by a check.
type fault struct {
	check string
	level doctor.Level
	text  string // part of the finding
	do    string // part of the action
	plant func(*doctortest.Host, *doctor.Patient)
}

func faults() map[string]fault {
	return map[string]fault{
		"no daemon": {"daemon", doctor.Warn, "does not run: nobody listens", "systemctl start", func(_ *doctortest.Host, p *doctor.Patient) {
			p.Status, p.Unreachable = nil, errors.New("nobody listens")
		}},
		"a daemon that hangs": {"daemon", doctor.Fail, "runs (process 7)", "journalctl", func(h *doctortest.Host, p *doctor.Patient) {
			h.Process("7", "culvert", "/usr/bin/culvert\x00daemon\x00")
			p.Status, p.Unreachable = nil, errors.New("no answer")
		}},
		"a connection that fails": {"daemon", doctor.Warn, "office is waiting: no key", "AUTH-PSK-WRONG", func(_ *doctortest.Host, p *doctor.Patient) {
			p.Status.Connections = []api.Connection{{Name: "office", State: api.Waiting, LastFailure: api.NewProblem(0, explain.AuthPSKWrong, "", "no key")}}
		}},
		"a warning of the daemon": {"daemon", doctor.Warn, "keys are written", "remove", func(_ *doctortest.Host, p *doctor.Patient) {
			p.Status.Warnings = []api.Warning{{Code: explain.HostKeyLog, Text: "keys are written", Action: "remove it"}}
		}},
		"a mistake": {"configuration", doctor.Fail, "/etc/culvert.hcl:1", "culvert check", func(h *doctortest.Host, p *doctor.Patient) {
			*p = *patient(h, "conection \"x\" {}\n")
		}},
		"what a mistake hides": {"configuration", doctor.Unknown, "nothing is known of overlaps, routes, mtu, names, certificates", "", func(h *doctortest.Host, p *doctor.Patient) {
			*p = *patient(h, "conection \"x\" {}\n")
		}},
		"no configuration": {"configuration", doctor.Unknown, "there is no /etc/culvert.hcl", "--config", func(h *doctortest.Host, p *doctor.Patient) {
			delete(h.Tree, "etc/culvert.hcl")
		}},
		"port of another": {"ports", doctor.Fail, "UDP port 500 is held by charon-systemd (process 12)", "disable --now strongswan", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Process("12", "charon-systemd", "charon-systemd", "4711")
			h.Write("proc/thread-self/net/udp", socket("01F4", "07", "4711"))
		}},
		"port of IPv6": {"ports", doctor.Fail, "UDP port 4500 is held by nc", "stop it", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Process("12", "nc", "nc", "1", "4712")
			h.Write("proc/thread-self/net/udp6", socket("1194", "07", "4712"))
		}},
		"port of nobody that can be seen": {"ports", doctor.Fail, "cannot be seen", "as root", func(h *doctortest.Host, p *doctor.Patient) {
			h.Write("proc/thread-self/net/udp", socket("01F4", "07", "4711"))
			p.Status = nil
		}},
		"port that the kernel refuses": {"ports", doctor.Fail, "is in use", "ss -lnp", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Taken["udp 500"] = syscall.EADDRINUSE
		}},
		"another IKE daemon": {"rivals", doctor.Warn, "pluto (process 3)", "disable --now ipsec", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Process("3", "pluto", "pluto")
		}},
		"an IKE daemon in another network namespace": {"rivals", doctor.OK, "pluto (process 3) runs in another network namespace", "", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Process("3", "pluto", "pluto")
			h.Link("proc/3/ns/net", "net:[4026532001]")
			h.Link("proc/thread-self/ns/net", "net:[4026531840]")
		}},
		"an IKE daemon in this network namespace": {"rivals", doctor.Warn, "pluto (process 3); both would take", "disable --now ipsec", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Process("3", "pluto", "pluto")
			h.Link("proc/3/ns/net", "net:[4026531840]")
			h.Link("proc/thread-self/ns/net", "net:[4026531840]")
		}},
		"an IKE daemon whose network namespace only root sees": {"rivals", doctor.Warn, "which only root can see", "disable --now ipsec", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Process("3", "pluto", "pluto")
			h.Link("proc/thread-self/ns/net", "net:[4026531840]")
		}},
		"a client of NetworkManager": {"rivals", doctor.Warn, "charon-nm", "nmcli connection down", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Process("3", "charon-nm", "charon-nm")
		}},
		"no privileges": {"privileges", doctor.Unknown, "CAP_NET_ADMIN", "as root", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Write("proc/thread-self/status", "CapEff:\t0000000000000400\n")
		}},
		"a daemon without privileges": {"privileges", doctor.Fail, "the daemon lacks CAP_NET_BIND_SERVICE", "systemctl start", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Process("7", "culvert", "culvert\x00daemon\x00")
			h.Write("proc/7/status", "CapEff:\t0000000000003000\n")
		}},
		"no ESP that is needed": {"kernel-esp", doctor.Fail, "module esp4 is missing", "modprobe esp4", func(h *doctortest.Host, p *doctor.Patient) {
			*p = *patient(h, office+"daemon {\n  dataplane {\n    backend = \"kernel\"\n  }\n}\n")
			h.ESP = errors.New("the kernel has no ESP: module esp4 is missing")
		}},
		"ESP that cannot be asked for": {"kernel-esp", doctor.Unknown, "cannot be told", "as root", func(h *doctortest.Host, _ *doctor.Patient) {
			h.ESP = &xfrm.MissingError{Reason: "no permission", Err: os.ErrPermission}
		}},
		"ESP switched off": {"kernel-esp", doctor.Warn, "disable_xfrm is 1", "net.ipv4.conf.eth0.disable_xfrm=0", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Write("proc/sys/net/ipv4/conf/eth0/disable_xfrm", "1\n")
		}},
		"no TUN device": {"tun", doctor.Fail, "there is no /dev/net/tun", "modprobe tun", func(h *doctortest.Host, _ *doctor.Patient) {
			delete(h.Tree, "dev/net/tun")
		}},
		"no TUN device, but the kernel's ESP": {"tun", doctor.Warn, "the daemon takes the kernel's ESP unless", "modprobe tun", func(h *doctortest.Host, p *doctor.Patient) {
			delete(h.Tree, "dev/net/tun")
			p.Status = nil
		}},
		"no TUN device that anybody needs": {"tun", doctor.OK, "none is needed", "", func(h *doctortest.Host, p *doctor.Patient) {
			delete(h.Tree, "dev/net/tun")
			p.Status.Dataplane = "kernel"
		}},
		"a TUN device without a module": {"tun", doctor.Fail, "no module behind it", "modprobe tun", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Broken = map[string]error{"dev/net/tun": syscall.ENODEV}
		}},
		"a TUN device of others": {"tun", doctor.Fail, "this container may not use it", "--device /dev/net/tun", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Broken = map[string]error{"dev/net/tun": syscall.EPERM}
		}},
		"no forwarding": {"forwarding", doctor.Warn, "net.ipv4.ip_forward is 0: packets of the networks of office/net", "sysctl -w net.ipv4.ip_forward=1", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Write("proc/sys/net/ipv4/ip_forward", "0\n")
		}},
		"a strict filter": {"rp-filter", doctor.Warn, "reverse path filter of eth0 is strict", "net.ipv4.conf.eth0.rp_filter=2", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Write("proc/sys/net/ipv4/conf/all/rp_filter", "0\n")
			h.Write("proc/sys/net/ipv4/conf/eth0/rp_filter", "1\n")
		}},
		"strict filters on many interfaces": {"rp-filter", doctor.Warn, "reverse path filter of eth0, eth1 is strict", "net.ipv4.conf.all.rp_filter=2", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Write("proc/sys/net/ipv4/conf/all/rp_filter", "1\n")
			h.Write("proc/sys/net/ipv4/conf/eth1/rp_filter", "0\n")
		}},
		"rules that only root reads": {"packet-filter", doctor.Unknown, "root only", "as root", func(h *doctortest.Host, _ *doctor.Patient) {
			h.RulesErr = os.ErrPermission
		}},
		"rules of the old iptables": {"packet-filter", doctor.Unknown, "iptables-legacy", "iptables-legacy-save", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Write("proc/thread-self/net/ip_tables_names", "nat\nfilter\n")
		}},
		"a network that is here, too": {"overlaps", doctor.Warn, "10.2.3.0/24 on eth0 lies in 10.2.0.0/16", "bypass", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Links[1].Addresses = append(h.Links[1].Addresses, prefix("10.2.3.4/24"))
		}},
		"a part of the network that is here": {"overlaps", doctor.Warn, "10.2.0.0/16, which office/net takes to the peer, is a part of 10.0.0.0/8 on eth0", "would lead past the tunnel", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Links[1].Addresses = append(h.Links[1].Addresses, prefix("10.9.3.4/8"))
		}},
		"an address of the tunnel's own": {"overlaps", doctor.OK, "no selectors overlap", "", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Links[1].Addresses = append(h.Links[1].Addresses, prefix("10.2.3.4/32"))
		}},
		"a neighbour as the peer": {"overlaps", doctor.OK, "no selectors overlap", "", func(h *doctortest.Host, p *doctor.Patient) {
			*p = *patient(h, strings.Replace(office, "10.2.0.0/16", "192.0.2.7", 1))
		}},
		"two connections for one network": {"overlaps", doctor.Warn, "office/net and branch/net both take 10.2.0.0/16", "priority", func(h *doctortest.Host, p *doctor.Patient) {
			*p = *patient(h, office+strings.ReplaceAll(office, "office", "branch"))
		}},
		"a crowd for one network": {"overlaps", doctor.Warn, "more pairs of children", "first", func(h *doctortest.Host, p *doctor.Patient) {
			crowd := ""
			for i := range 8 {
				crowd += strings.ReplaceAll(office, "office", fmt.Sprintf("c%d", i))
			}
			*p = *patient(h, crowd)
		}},
		"no route": {"routes", doctor.Fail, "no route to 198.51.100.7", "ip route get", func(h *doctortest.Host, _ *doctor.Patient) {
			clear(h.Routes)
		}},
		"a small MTU": {"mtu", doctor.Warn, "MTU of 1200 on ppp0", "raise", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Routes[doctortest.Peer] = doctor.Route{Interface: "ppp0", Source: doctortest.Local, MTU: 1200}
		}},
		"a small MTU on the way": {"mtu", doctor.Warn, "arrive whole up to 1400 octets, although the MTU of eth0 is 1500", "auto", func(h *doctortest.Host, _ *doctor.Patient) {
			h.MTU = 1400
		}},
		"a silent peer": {"mtu", doctor.Warn, "198.51.100.7, the peer of office, does not answer on UDP port 500", "culvert probe 198.51.100.7", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Answers = false
		}},
		"a peer that answers to small requests": {"mtu", doctor.Unknown, "answers, but not", "", func(h *doctortest.Host, _ *doctor.Patient) {
			h.MTU = 0
		}},
		"a name that nobody knows": {"names", doctor.Fail, "gone.example.net, the peer of office, cannot be resolved", "getent ahosts gone.example.net", func(h *doctortest.Host, p *doctor.Patient) {
			*p = *patient(h, strings.Replace(office, "198.51.100.7", "gone.example.net", 1))
		}},
		"a clock that nobody sets": {"clock", doctor.Warn, "not synchronised", "timedatectl", func(h *doctortest.Host, _ *doctor.Patient) {
			h.NTP = false
		}},
		"a clock that is behind": {"clock", doctor.Fail, "the clock is behind", "timedatectl", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Tree["etc/culvert.hcl"].ModTime = now().Add(24 * time.Hour)
		}},
		"lost packets": {"kernel-counters", doctor.Warn, "XfrmInNoStates is 17: An ESP packet arrived whose SPI nobody knows.", "culvert up", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Write("proc/thread-self/net/xfrm_stat", "XfrmInError 0\nXfrmInNoStates 17\n")
		}},
		"a counter without a name": {"kernel-counters", doctor.Warn, "XfrmNew is 1", "", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Write("proc/thread-self/net/xfrm_stat", "XfrmNew 1\n")
		}},
		"states of others": {"leftovers", doctor.Warn, "another program has 2 states and 3 policies", "ip xfrm policy", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Census = xfrm.Census{ForeignStates: 2, ForeignPolicies: 3}
		}},
		"states of a daemon that is gone": {"leftovers", doctor.Warn, "left 2 states and 1 policies", "start the daemon", func(h *doctortest.Host, p *doctor.Patient) {
			h.Census, p.Status = xfrm.Census{States: 2, Policies: 1}, nil
		}},
		"states that only root sees": {"leftovers", doctor.Unknown, "root only", "as root", func(h *doctortest.Host, _ *doctor.Patient) {
			h.CensusErr = os.ErrPermission
		}},
		"few files": {"limits", doctor.Warn, "may have 256 files", "LimitNOFILE", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Write("proc/thread-self/limits", "Max open files            256  256  files\n")
		}},
	}
}
