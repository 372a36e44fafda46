package doctor

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"culvert/wire"
)

// A port is one that the daemon is to listen on.
type port struct {
	network string // "udp" or "tcp"
	number  uint16
}

func (p port) String() string { return fmt.Sprintf("%s port %d", strings.ToUpper(p.network), p.number) }

// wanted are the ports of the configuration, or those of IKE.
func (e *examination) wanted() []port {
	if e.Config == nil {
		return []port{{"udp", wire.PortIKE}, {"udp", wire.PortNATT}}
	}
	d := e.Config.Daemon
	list := []port{{"udp", d.Port}, {"udp", d.NATPort}}
	for _, n := range d.TCPPorts {
		list = append(list, port{"tcp", n})
	}
	return list
}

func checkPorts(_ context.Context, e *examination) {
	for _, p := range e.wanted() {
		e.port(p)
	}
}

func (e *examination) port(p port) {
	inodes := e.listeners(p)
	if len(inodes) == 0 {
		e.freePort(p)
		return
	}
	holder, known := e.holder(inodes)
	switch {
	case !known && e.Status != nil:
		e.ok("%s is in use, and the daemon runs", p)
	case !known:
		e.fail("stop it; as root, `culvert doctor` and `ss -lnp` name it", "%s is in use by a process that cannot be seen", p)
	case e.ours(holder):
		e.ok("%s is held by the daemon", p)
	default:
		e.fail(stopIt(holder), "%s is held by %s", p, holder)
	}
}

func (e *examination) freePort(p port) {
	switch err := e.Host.Bind(p.network, netip.AddrPortFrom(netip.IPv4Unspecified(), p.number)); {
	case err == nil:
		e.ok("%s is free", p)
	case errors.Is(err, syscall.EACCES):
		e.ok("%s is free; to bind it takes root or CAP_NET_BIND_SERVICE", p)
	case errors.Is(err, syscall.EADDRINUSE):
		e.fail("see who holds it: `ss -lnp`", "%s is in use", p)
	default:
		e.warn("", "%s cannot be bound: %v", p, err)
	}
}

// listeners are the inodes of the sockets that are bound to a port.
func (e *examination) listeners(p port) []string {
	var inodes []string
	for _, table := range []string{p.network, p.network + "6"} {
		for line := range strings.Lines(e.read("proc/thread-self/net/" + table)) {
			if inode, ok := bound(line, p); ok {
				inodes = append(inodes, inode)
			}
		}
	}
	return inodes
}

// bound reads a line of the kernel's table of sockets, and tells the inode of one that waits at a port.
func bound(line string, p port) (inode string, ok bool) {
	const listening = "0A" // state of TCP
	words := strings.Fields(line)
	if len(words) < 10 {
		return "", false
	}
	_, number, ok := strings.Cut(words[1], ":")
	if !ok || p.network == "tcp" && words[3] != listening {
		return "", false
	}
	b, err := hex.DecodeString(number)
	if err != nil || len(b) != 2 || uint16(b[0])<<8|uint16(b[1]) != p.number {
		return "", false
	}
	_, err = strconv.ParseUint(words[9], 10, 64)
	return words[9], err == nil
}

// holder finds the process that has one of the sockets open.
func (e *examination) holder(inodes []string) (process, bool) {
	files := e.Host.Files()
	for _, p := range e.processes() {
		links, _ := fs.Glob(files, "proc/"+p.pid+"/fd/*")
		for _, link := range links {
			target, err := fs.ReadLink(files, link)
			inode, socket := strings.CutPrefix(target, "socket:[")
			if err == nil && socket && slices.Contains(inodes, strings.TrimSuffix(inode, "]")) {
				return process{pid: p.pid, name: path.Base(p.name)}, true
			}
		}
	}
	return process{}, false
}
