// Package doctortest has a host in memory for tests of what examines one.
package doctortest

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"testing/fstest"

	"culvert/dataplane/xfrm"
	"culvert/doctor"
	"culvert/doctor/filter"
)

// A Host is what its fields say. New makes one without faults.
type Host struct {
	Tree      fstest.MapFS
	Broken    map[string]error // files of the tree that cannot be opened
	Taken     map[string]error // by network and port: "udp 500"
	Links     []doctor.Interface
	Routes    map[netip.Addr]doctor.Route // missing: no route
	Rules     *filter.Ruleset
	RulesErr  error
	ESP       error
	Census    xfrm.Census
	CensusErr error
	NTP       bool
	NTPErr    error
	Names     map[string][]netip.Addr
	Answers   bool // of every peer
	MTU       int  // of the way to them
}

// Local and Peer are the addresses of a healthy host and of a peer that it can reach.
var (
	Local = netip.MustParseAddr("192.0.2.1")
	Peer  = netip.MustParseAddr("198.51.100.7")
)

// New returns a host without faults: an interface eth0 with an address, and a route to Peer.
func New() *Host {
	way := doctor.Route{Interface: "eth0", Source: Local, MTU: 1500}
	return &Host{
		Tree: fstest.MapFS{
			"dev/net/tun":                              file(""),
			"proc/sys/net/ipv4/ip_forward":             file("1\n"),
			"proc/sys/net/ipv4/conf/all/rp_filter":     file("2\n"),
			"proc/sys/net/ipv4/conf/eth0/rp_filter":    file("0\n"),
			"proc/sys/net/ipv4/conf/eth0/disable_xfrm": file("0\n"),
			"proc/sys/net/core/rmem_max":               file("212992\n"),
			"proc/thread-self/status":                  file("Name:\tculvert\nCapEff:\t000001ffffffffff\n"),
			"proc/thread-self/limits":                  file("Limit  Soft  Hard  Units\nMax open files            1048576  1048576  files\n"),
			"proc/thread-self/net/xfrm_stat":           file("XfrmInError 0\nXfrmInNoStates 0\n"),
		},
		Taken:  map[string]error{},
		Links:  []doctor.Interface{{Name: "lo", MTU: 65536, Loopback: true, Addresses: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8")}}, {Name: "eth0", MTU: 1500, Addresses: []netip.Prefix{netip.PrefixFrom(Local, 24)}}},
		Routes: map[netip.Addr]doctor.Route{Peer: way},
		Rules:  &filter.Ruleset{},
		NTP:    true, Answers: true, MTU: 1500,
		Names: map[string][]netip.Addr{"vpn.example.net": {Peer}},
	}
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text), Mode: 0o644} }

// Write puts a file into the tree.
func (h *Host) Write(name, text string) { h.Tree[name] = file(text) }

// Process puts a process into the tree that has sockets open, by their inodes.
func (h *Host) Process(pid, name, cmdline string, inodes ...string) {
	h.Write("proc/"+pid+"/comm", name+"\n")
	h.Write("proc/"+pid+"/cmdline", cmdline)
	h.Write("proc/"+pid+"/status", "CapEff:\t0000000000003400\n")
	h.Write("proc/"+pid+"/limits", "Max open files            1024  4096  files\n")
	for i, inode := range inodes {
		h.Link("proc/"+pid+"/fd/"+string(rune('3'+i)), "socket:["+inode+"]")
	}
}

// Link puts a symbolic link into the tree, such as the network namespace of a process.
func (h *Host) Link(name, target string) {
	h.Tree[name] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
}

// Files is the tree, without what is broken.
func (h *Host) Files() fs.FS { return partly{h.Tree, h.Broken} }

// partly is a tree of which some files cannot be opened.
type partly struct {
	fstest.MapFS
	broken map[string]error
}

// Open fails for what is broken.
func (p partly) Open(name string) (fs.File, error) {
	if err := p.broken[name]; err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return p.MapFS.Open(name)
}

// Bind fails for ports that are taken.
func (h *Host) Bind(network string, at netip.AddrPort) error {
	return h.Taken[network+" "+at.String()[len("0.0.0.0:"):]]
}

// Interfaces are the links.
func (h *Host) Interfaces() ([]doctor.Interface, error) { return h.Links, nil }

// Filter has the rules.
func (h *Host) Filter() (*filter.Ruleset, error) { return h.Rules, h.RulesErr }

// KernelESP is ESP.
func (h *Host) KernelESP() error { return h.ESP }

// XFRM is the census.
func (h *Host) XFRM() (xfrm.Census, error) { return h.Census, h.CensusErr }

// Synchronised is NTP.
func (h *Host) Synchronised() (bool, error) { return h.NTP, h.NTPErr }

// Route knows the routes.
func (h *Host) Route(to netip.Addr) (doctor.Route, error) {
	r, ok := h.Routes[to]
	if !ok {
		return r, errors.New("network is unreachable")
	}
	return r, nil
}

// Lookup knows the names.
func (h *Host) Lookup(_ context.Context, name string) ([]netip.Addr, error) {
	found, ok := h.Names[name]
	if !ok {
		return nil, errors.New("no such host")
	}
	return found, nil
}

// Reach is the same for every peer.
func (h *Host) Reach(context.Context, netip.AddrPort) (bool, int, error) {
	return h.Answers, h.MTU, nil
}
