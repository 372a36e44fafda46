package doctor_test

import (
	"context"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"culvert/config"
	"culvert/doctor"
	"culvert/internal/netnstest"
)

// enter gives the test a host of its own: a network namespace with an interface and a way to a peer.
func enter(t *testing.T) {
	t.Helper()
	netnstest.Enter(t)
	for _, line := range []string{
		"ip link add lan0 type veth peer name lan1", "ip link set lan1 up", "ip addr add 192.0.2.1/24 dev lan0", "ip link set lan0 up", "ip route add default via 192.0.2.254",
		"sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.lan0.rp_filter=0",
	} {
		shell(t, line)
	}
}

func shell(t *testing.T, line string) {
	t.Helper()
	if out, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
}

// unasked is a host that does not ask peers, who are not there.
type unasked struct{ doctor.Host }

func (unasked) Reach(context.Context, netip.AddrPort) (bool, int, error) { return true, 1500, nil }

// real is this machine with the configuration of the tests.
func real(t *testing.T) *doctor.Patient {
	t.Helper()
	path := t.TempDir() + "/culvert.hcl"
	if err := os.WriteFile(path, []byte(office), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &doctor.Patient{Host: unasked{doctor.System()}, Now: now().AddDate(50, 0, 0), Path: path, Unreachable: os.ErrNotExist}
	p.Config, p.Diagnostics = config.System(now()).Load(path)
	return p
}

func TestFaultsOfARealHostAreFound(t *testing.T) {
	enter(t)
	network := []string{"ports", "forwarding", "rp-filter", "packet-filter", "nat", "overlaps", "routes", "mtu", "kernel-counters", "leftovers"}
	for _, check := range network {
		for _, f := range findings(t, real(t), check) {
			if f.Level == doctor.Warn || f.Level == doctor.Fail {
				t.Errorf("before any fault: %+v", f)
			}
		}
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: 500}); err != nil {
		t.Fatal(err)
	}
	shell(t, `nft -f - <<'END'
table inet wall {
	chain input {
		type filter hook input priority 0; policy accept;
		ip saddr 198.51.100.0/24 udp dport { 500, 4500 } drop
	}
	chain post {
		type nat hook postrouting priority 100;
		oifname "lan0" masquerade
	}
}
END
sysctl -qw net.ipv4.conf.lan0.rp_filter=1 net.ipv4.ip_forward=0
ip addr add 10.2.9.1/24 dev lan0
ip link set lan0 mtu 1000
ip xfrm policy add src 10.7.0.0/16 dst 10.8.0.0/16 dir out tmpl src 192.0.2.1 dst 192.0.2.9 proto esp mode tunnel`)
	for check, want := range map[string]string{
		"ports":         "UDP port 500 is held by doctor.test",
		"packet-filter": "UDP port 4500 arriving from 198.51.100.7 is dropped by the chain inet wall input",
		"nat":           "would get another source address",
		"rp-filter":     "lan0 is strict",
		"forwarding":    "ip_forward is 0",
		"overlaps":      "10.2.9.0/24 on lan0 lies in 10.2.0.0/16",
		"mtu":           "MTU of 1000 on lan0",
		"leftovers":     "another program has 0 states and 1 policies",
	} {
		texts := ""
		for _, f := range findings(t, real(t), check) {
			texts += f.Text + "\n"
		}
		if !strings.Contains(texts, want) {
			t.Errorf("%s: got %s, want %q", check, texts, want)
		}
	}
	shell(t, "ip route del default")
	if got := findings(t, real(t), "routes"); got[0].Level != doctor.Fail {
		t.Errorf("without a route: %+v", got)
	}
}

func TestSystemAnswers(t *testing.T) {
	h := doctor.System()
	if _, err := h.Synchronised(); err != nil {
		t.Error(err)
	}
	if a, err := h.Lookup(t.Context(), "localhost"); err != nil || len(a) == 0 {
		t.Errorf("localhost: %v, %v", a, err)
	}
	links, err := h.Interfaces()
	if err != nil || len(links) == 0 || !links[0].Loopback {
		t.Errorf("%+v, %v", links, err)
	}
	if err := h.Bind("tcp", netip.MustParseAddrPort("0.0.0.0:0")); err != nil {
		t.Error(err)
	}
	_ = h.KernelESP() // whether there is ESP is up to the kernel
}
