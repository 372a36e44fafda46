package doctor_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"culvert/api"
	"culvert/dataplane/xfrm"
	"culvert/doctor"
	"culvert/doctor/doctortest"
)

// kernelPlane has the kernel carry packets.
const kernelPlane = "daemon {\n  dataplane {\n    backend = \"kernel\"\n  }\n}\n"

// What looks like a fault and is none, is none.
func TestWhatIsHarmlessIsNoFault(t *testing.T) {
	tests := map[string]struct {
		check string
		text  string
		plant func(*doctortest.Host, *doctor.Patient)
	}{
		"no ESP in the kernel, for user space": {"kernel-esp", "works all the same", func(h *doctortest.Host, _ *doctor.Patient) {
			h.ESP = errors.New("the kernel has no ESP")
		}},
		"no TUN device, for the kernel": {"tun", "no TUN device is needed", func(h *doctortest.Host, p *doctor.Patient) {
			*p = *patient(h, office+kernelPlane)
			delete(h.Tree, "dev/net/tun")
		}},
		"ESP switched off, for user space": {"kernel-esp", "the kernel has ESP", func(h *doctortest.Host, p *doctor.Patient) {
			*p = *patient(h, office+strings.Replace(kernelPlane, "kernel", "user", 1))
			h.Write("proc/sys/net/ipv4/conf/eth0/disable_xfrm", "1\n")
		}},
		"a port that only root binds": {"ports", "it takes root", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Taken["udp 500"] = syscall.EACCES
		}},
		"a port of a process that cannot be seen, with a daemon": {"ports", "the daemon runs", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Write("proc/thread-self/net/udp", socket("01F4", "07", "4711"))
		}},
		"a stream on the port of a listener": {"ports", "TCP port 4500 is free", func(h *doctortest.Host, p *doctor.Patient) {
			*p = *patient(h, office+"daemon { tcp_ports = [4500] }\n")
			h.Write("proc/thread-self/net/tcp", socket("1194", "01", "13"))
		}},
		"no forwarding, for this host alone": {"forwarding", "does not matter", func(h *doctortest.Host, p *doctor.Patient) {
			*p = *patient(h, strings.Replace(office, "10.1.0.0/16", "192.0.2.1/32", 1))
			h.Write("proc/sys/net/ipv4/ip_forward", "0\n")
		}},
		"a strict interface that all loosens": {"rp-filter", "not strict", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Write("proc/sys/net/ipv4/conf/eth0/rp_filter", "1\n")
		}},
		"a default route to the peer": {"overlaps", "no selectors overlap", func(h *doctortest.Host, p *doctor.Patient) {
			*p = *patient(h, strings.Replace(office, "10.2.0.0/16", "0.0.0.0/0", 1))
		}},
		"two connections of which one is more specific": {"overlaps", "no selectors overlap", func(h *doctortest.Host, p *doctor.Patient) {
			*p = *patient(h, office+strings.Replace(strings.ReplaceAll(office, "office", "branch"), "10.2.0.0/16", "10.2.7.0/24", 1))
		}},
		"a peer by a name that resolves": {"names", "vpn.example.net is 198.51.100.7", func(h *doctortest.Host, p *doctor.Patient) {
			*p = *patient(h, strings.Replace(office, "198.51.100.7", "vpn.example.net", 1))
		}},
		"states of ours, with a daemon": {"leftovers", "no states and policies of other programs", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Census = xfrm.Census{States: 4, Policies: 3}
		}},
		"no XFRM": {"leftovers", "the kernel has no states", func(h *doctortest.Host, _ *doctor.Patient) {
			h.CensusErr = errors.New("protocol not supported")
		}},
		"a kernel that does not count": {"kernel-counters", "counts nothing", func(h *doctortest.Host, _ *doctor.Patient) {
			delete(h.Tree, "proc/thread-self/net/xfrm_stat")
		}},
		"a failure of the past": {"daemon", "the daemon answers", func(_ *doctortest.Host, p *doctor.Patient) {
			p.Status.Connections = []api.Connection{{Name: "office", State: api.Up, LastFailure: &api.Problem{Detail: "no answer"}}}
		}},
		"a daemon with the rights of its unit": {"privileges", "the daemon has the capabilities", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Process("7", "culvert", "culvert\x00daemon\x00")
		}},
		"a command that is no daemon": {"privileges", "this command has the capabilities", func(h *doctortest.Host, _ *doctor.Patient) {
			h.Process("7", "culvert", "culvert\x00status\x00")
			h.Write("proc/7/status", "CapEff:\t0\n")
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := doctortest.New()
			p := patient(h, office)
			tt.plant(h, p)
			texts := ""
			for _, f := range findings(t, p, tt.check) {
				if texts += f.Text + "\n"; f.Level != doctor.OK {
					t.Errorf("%+v", f)
				}
			}
			if !strings.Contains(texts, tt.text) {
				t.Errorf("got %s, want %q", texts, tt.text)
			}
		})
	}
}

func TestForwardingOfIPv6IsLookedAt(t *testing.T) {
	h := doctortest.New()
	p := patient(h, strings.NewReplacer("10.1.0.0/16", "fd01::/64", "10.2.0.0/16", "fd02::/64").Replace(office))
	h.Write("proc/sys/net/ipv6/conf/all/forwarding", "0\n")
	got := findings(t, p, "forwarding")
	if last := got[len(got)-1]; last.Level != doctor.Warn || !strings.Contains(last.Text, "net.ipv6.conf.all.forwarding is 0") {
		t.Errorf("%+v", got)
	}
}
