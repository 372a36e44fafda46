// Package lab builds the scenes of the interoperability tests: hosts in network namespaces of their own, links and
// routers between them, and the daemons that run on them - strongSwan's charon and Culvert.
//
// Everything a lab makes is taken away when the test ends. It needs root and iproute2.
package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// counter makes the names of namespaces unique within the process; the process id does so among processes.
var counter atomic.Uint32

// A Lab is one scene. It belongs to a test and is used from its goroutine.
type Lab struct {
	testing.TB
	Dir    string // scratch files of the scene
	prefix string
}

// New starts an empty scene. Without root the test is skipped.
func New(t testing.TB) *Lab {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	// Unix socket paths are limited to 107 octets, which a test's own temporary directory may exceed.
	dir, err := os.MkdirTemp("", "cvi")
	if err != nil {
		t.Fatal(err)
	}
	l := &Lab{TB: t, Dir: dir, prefix: fmt.Sprintf("cvi-%d-%d", os.Getpid(), counter.Add(1))}
	t.Cleanup(func() {
		l.refuseRaces()
		if t.Failed() {
			l.showLogs()
		}
		_ = os.RemoveAll(dir)
	})
	return l
}

// logs calls f with what each process of the scene has written; name is its host and its own name.
func (l *Lab) logs(f func(name, text string)) {
	names, _ := filepath.Glob(filepath.Join(l.Dir, "*", "*.log"))
	for _, name := range names {
		if text, err := os.ReadFile(name); err == nil && len(text) > 0 {
			f(filepath.Base(filepath.Dir(name))+"/"+filepath.Base(name), string(text))
		}
	}
}

// refuseRaces fails the test if the race detector, where the daemon is built with it, has found one.
func (l *Lab) refuseRaces() {
	l.logs(func(name, text string) {
		if report := race(text); report != "" {
			l.Errorf("%s: data race\n%s", name, report)
		}
	})
}

// showLogs prints what the daemons of a failed test logged.
func (l *Lab) showLogs() {
	l.logs(func(name, text string) {
		const most = 12000
		if len(text) > most {
			text = text[len(text)-most:]
		}
		l.Logf("%s:\n%s", name, text)
	})
}

// A Host is a network namespace.
type Host struct {
	lab  *Lab
	Name string
	ns   string
	dir  string
}

// Host adds a host with its loopback up and forwarding on.
func (l *Lab) Host(name string) *Host {
	l.Helper()
	h := &Host{lab: l, Name: name, ns: l.prefix + "-" + name, dir: filepath.Join(l.Dir, name)}
	if err := os.MkdirAll(h.dir, 0o700); err != nil {
		l.Fatal(err)
	}
	l.must("ip", "netns", "add", h.ns)
	l.Cleanup(func() { _ = exec.Command("ip", "netns", "del", h.ns).Run() })
	h.Must("ip", "link", "set", "lo", "up")
	h.Must("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
		"net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
		"net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")
	return h
}

// Link joins two hosts by a veth pair named after the other host and gives each end its addresses.
func (l *Lab) Link(a, b *Host, addrsA, addrsB []string) {
	l.Helper()
	l.must("ip", "link", "add", "name", b.Name, "netns", a.ns, "type", "veth", "peer", "name", a.Name, "netns", b.ns)
	a.address(b.Name, addrsA)
	b.address(a.Name, addrsB)
	l.settle(a, b.Name)
	l.settle(b, a.Name)
}

// settle waits until the kernel has done what it does later by itself when both ends of a link are up: it notes that the link
// carries, and gives it an address of its own. What a test compares with the state of the host later has to have all of that.
func (l *Lab) settle(h *Host, link string) {
	l.Helper()
	l.Await(link+" to be up at "+h.Name, func() bool {
		state := h.Must("ip", "-6", "-o", "addr", "show", "dev", link, "up")
		return strings.Contains(state, "scope link") && !strings.Contains(state, "tentative") &&
			strings.Contains(h.Must("ip", "-o", "link", "show", "dev", link), "state UP")
	})
}

// Address puts addresses on the host's loopback: the networks behind it.
func (h *Host) Address(addrs ...string) { h.address("lo", addrs) }

func (h *Host) address(link string, addrs []string) {
	h.lab.Helper()
	for _, a := range addrs {
		args := []string{"ip", "addr", "add", a, "dev", link}
		if netip.MustParsePrefix(a).Addr().Is6() {
			args = append(args, "nodad")
		}
		h.Must(args...)
	}
	h.Must("ip", "link", "set", link, "up")
}

// Try runs a command on the host and returns what it prints as its result. What it complains of while it succeeds is dropped: ip link
// does when a namespace of another test is just coming. If it fails, all that it printed is returned.
func (h *Host) Try(args ...string) (string, error) {
	out, err := h.command(args...).Output()
	if err == nil {
		return string(out), nil
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		out = append(out, exit.Stderr...)
	}
	return string(out), fmt.Errorf("%s on %s: %w: %s", strings.Join(args, " "), h.Name, err, out)
}

// Must runs a command that has to succeed.
func (h *Host) Must(args ...string) string {
	h.lab.Helper()
	out, err := h.Try(args...)
	if err != nil {
		h.lab.Fatal(err)
	}
	return out
}

func (h *Host) command(args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", h.ns}, args...)...)
}

func (l *Lab) must(args ...string) {
	l.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		l.Fatalf("%s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// Write makes a file in the host's scratch folder and returns its path.
func (h *Host) Write(name, text string) string {
	h.lab.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		h.lab.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.lab.Fatal(err)
	}
	return path
}

// Ping tells whether one echo request from an address of the host is answered within a second: for packets that are expected not to
// come through, or to do so one day.
func (h *Host) Ping(from, to string) bool { return h.ping("1", from, to) }

// Blocked sends one echo request from an address of the host, and tells that no answer has come soon. Who looks for what should not
// leave a host looks at the link as well: on a busy machine the answer may come later.
func (h *Host) Blocked(from, to string) bool { return !h.ping("0.2", from, to) }

// Reaches tells whether one echo request from an address of the host is answered, however long that takes.
func (h *Host) Reaches(from, to string, options ...string) bool {
	return h.ping(strconv.Itoa(int(patience.Seconds())), from, to, options...)
}

func (h *Host) ping(seconds, from, to string, options ...string) bool {
	args := append([]string{"ping", "-n", "-q", "-c", "1", "-W", seconds, "-I", from}, options...)
	_, err := h.Try(append(args, to)...)
	return err == nil
}
