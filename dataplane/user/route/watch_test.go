package route

import (
	"net/netip"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"culvert/dataplane"
)

// Other programs that manage a host remove what they do not know: ours comes back, each once, and Close still leaves nothing.
func TestWhatOthersRemoveComesBack(t *testing.T) {
	inNamespace(t, func(tunnel netlink.Link) error {
		before := ours(t)
		p, err := New(Config{Interface: "cvu-tun", Index: tunnel.Attrs().Index, Mark: 99})
		if err != nil {
			return err
		}
		var put atomic.Int64
		p.SetRestored(func(r dataplane.Restored) { put.Add(int64(r.Rules + r.Routes + r.Addresses + r.Filters)) })
		policies := inEveryWay(t)
		policies[0].VirtualIPs = []netip.Prefix{netip.MustParsePrefix("10.1.9.9/32"), netip.MustParsePrefix("fd01::9/128")}
		set(t, p, policies...)
		whole := ours(t)
		for _, removal := range []string{
			"ip -4 rule flush protocol 50", "ip -6 rule flush protocol 50", "ip -4 rule del pref 4500", "ip -6 rule del pref 5100",
			"ip -4 route flush table all proto 50", "ip -6 route flush table all proto 50", "ip -4 route flush table all type unreachable", "ip route flush table 450000",
			displacing(t, "-4"), displacing(t, "-6"), "ip link set cvu-tun down",
			"ip address flush dev cvu-tun scope global", "nft flush ruleset", "nft flush chain inet culvert input", "nft delete table inet culvert",
		} {
			told := put.Load()
			run(t, removal)
			eventually(t, removal, func() bool { return ours(t) == whole && put.Load() > told })
		}
		if w := p.Warnings(); len(w) > 0 {
			t.Errorf("warnings %v", w)
		}
		if err := p.Close(); err != nil {
			return err
		}
		if got := ours(t); got != before {
			t.Errorf("left behind:\n%s", got)
		}
		return nil
	})
}

// displacing is a command that puts another route into the place of one of ours.
func displacing(t *testing.T, family string) string {
	t.Helper()
	for line := range strings.Lines(run(t, "ip "+family+" route show table all proto 50 dev cvu-tun")) {
		words := strings.Fields(line) // as in "10.2.0.0/16 table 450000 scope link", "fd02::/16 table 450000 metric 1024 pref medium"
		command := "ip " + family + " route replace " + words[0] + " dev lo table " + words[slices.Index(words, "table")+1]
		if i := slices.Index(words, "metric"); i > 0 {
			command += " metric " + words[i+1]
		}
		return command
	}
	t.Errorf("no route of family %s", family)
	return "true"
}

// A program that removes rules in a loop costs no more than the share that the Mender gives, and policies go on changing.
func TestFightOverRulesDoesNotKeepPoliciesFromChanging(t *testing.T) {
	inNamespace(t, func(tunnel netlink.Link) error {
		p, err := New(Config{Interface: "cvu-tun", Index: tunnel.Attrs().Index, Mark: 99})
		if err != nil {
			return err
		}
		var repairs atomic.Int64
		p.SetRestored(func(dataplane.Restored) { repairs.Add(1) })
		policies := inEveryWay(t)
		set(t, p, policies...)
		whole := ours(t)
		for range 20 {
			run(t, "ip -4 rule flush protocol 50")
			run(t, "ip -6 route flush table all proto 50")
			set(t, p, policies...) // in their own place
		}
		eventually(t, "the end of the fight", func() bool { return ours(t) == whole })
		if n := repairs.Load(); n > 60 {
			t.Errorf("%d repairs after 40 removals", n)
		}
		return p.Close()
	})
}

func TestPlumberWithoutItsDeviceOwnsNothing(t *testing.T) {
	inNamespace(t, func(tunnel netlink.Link) error {
		p, err := New(Config{Interface: "cvu-tun", Index: tunnel.Attrs().Index, Mark: 99})
		if err != nil {
			return err
		}
		set(t, p, inEveryWay(t)...)
		if err := netlink.LinkDel(tunnel); err != nil {
			return err
		}
		run(t, "ip -4 rule flush protocol 50")
		left := run(t, "ip -4 rule show")
		happen(p, lostEvents)
		if got := run(t, "ip -4 rule show"); got != left || strings.Contains(got, "4500:") {
			t.Errorf("rules that a successor has removed:\n%s", got)
		}
		return p.Close()
	})
}

// ours lists what the Plumber makes, in any order.
func ours(t *testing.T) string {
	t.Helper()
	text := ""
	for _, c := range []string{
		"ip -4 rule show", "ip -6 rule show", "ip -4 route show table all proto 50", "ip -6 route show table all proto 50",
		"ip -o address show dev cvu-tun scope global", "nft -s list ruleset",
	} {
		text += run(t, c)
	}
	return strings.Join(slices.Sorted(strings.Lines(text)), "")
}

func run(t *testing.T, command string) string {
	t.Helper()
	words := strings.Fields(command)
	out, err := exec.Command(words[0], words[1:]...).Output()
	if err != nil {
		t.Errorf("%s: %v", command, err)
	}
	return string(out)
}

// eventually waits for something. The goroutine of the test is another one, so that it may not end this one.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Errorf("after %s:\n%s", what, ours(t))
			return
		}
	}
}
