package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// A host is a network namespace without a name: it goes with the last process in it.
type host struct {
	end
	inner  netip.Addr
	handle netns.NsHandle
	link   *netlink.Handle
	gateway
	daemon *exec.Cmd
	log    string
}

// namespaces are two hosts joined by a virtual cable.
type namespaces struct{ west, east *host }

// openNamespaces makes the hosts and starts a daemon on each.
func openNamespaces(ctx context.Context, exe, dir string) (*namespaces, error) {
	n := &namespaces{
		west: newHost("west", "192.0.2.1", "10.1.0.0/24", "10.1.0.1"),
		east: newHost("east", "192.0.2.2", "10.2.0.0/24", "10.2.0.1"),
	}
	err := n.build()
	if err == nil {
		err = n.west.start(ctx, exe, dir, n.east.end)
	}
	if err == nil {
		err = n.east.start(ctx, exe, dir, n.west.end)
	}
	if err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

func newHost(name, address, network, inner string) *host {
	return &host{end: end{name, address, network}, inner: netip.MustParseAddr(inner), handle: netns.None(), gateway: gateway{name: name}}
}

func (n *namespaces) gateways() (west, east *gateway) { return &n.west.gateway, &n.east.gateway }

// build makes the namespaces and the cable.
func (n *namespaces) build() error {
	for _, h := range []*host{n.west, n.east} {
		if err := h.create(); err != nil {
			return fmt.Errorf("network namespace %s: %w", h.end.name, err)
		}
	}
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "cable"}, PeerName: "cable", PeerNamespace: netlink.NsFd(n.east.handle)}
	if err := n.west.link.LinkAdd(veth); err != nil {
		return fmt.Errorf("virtual cable: %w", err)
	}
	return errors.Join(n.west.configure(n.east), n.east.configure(n.west))
}

// create makes the namespace. The thread that made it goes back to where it was, or else ends.
func (h *host) create() error {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		return err
	}
	defer home.Close()
	if h.handle, err = netns.New(); err != nil {
		return err
	}
	if err := netns.Set(home); err != nil {
		return err
	}
	runtime.UnlockOSThread()
	h.link, err = netlink.NewHandleAt(h.handle)
	return err
}

// configure gives the host its addresses and a plain route to the other side: without protection packets would go there.
func (h *host) configure(other *host) error {
	for name, prefix := range map[string]string{"cable": h.address + "/24", "lo": h.inner.String() + "/24"} {
		link, err := h.link.LinkByName(name)
		if err != nil {
			return err
		}
		addr, err := netlink.ParseAddr(prefix)
		if err != nil {
			return err
		}
		if err := errors.Join(h.link.AddrAdd(link, addr), h.link.LinkSetUp(link)); err != nil {
			return fmt.Errorf("%s of %s: %w", name, h.end.name, err)
		}
	}
	_, network, err := net.ParseCIDR(other.network)
	if err != nil {
		return err
	}
	return h.link.RouteAdd(&netlink.Route{Dst: network, Gw: net.ParseIP(other.address)})
}

// inside runs a function on a thread in the host's namespace.
func (h *host) inside(f func() error) error {
	done := make(chan error, 1)
	go func() {
		// The thread is not unlocked: it ends with the goroutine, and the namespace with it.
		runtime.LockOSThread()
		if err := netns.Set(h.handle); err != nil {
			done <- err
			return
		}
		done <- f()
	}()
	return <-done
}

// start runs the daemon and waits until it is ready.
func (h *host) start(ctx context.Context, exe, dir string, other end) error {
	config, socket, err := h.write(dir, connection(h.end, other, ""))
	if err != nil {
		return err
	}
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, h.end.name+".notify"), Net: "unixgram"})
	if err != nil {
		return err
	}
	defer notify.Close()
	h.log = filepath.Join(dir, h.end.name+".log")
	log, err := os.Create(h.log)
	if err != nil {
		return err
	}
	defer log.Close()
	h.daemon = exec.CommandContext(ctx, exe, "daemon", "--config", config, "--socket", socket)
	h.daemon.Cancel = func() error { return h.daemon.Process.Signal(syscall.SIGTERM) }
	h.daemon.Stderr = log
	h.daemon.Env = append(os.Environ(), "NOTIFY_SOCKET="+notify.LocalAddr().String())
	if err := h.inside(h.daemon.Start); err != nil {
		return err
	}
	return h.awaitReady(notify)
}

func (h *host) awaitReady(notify *net.UnixConn) error {
	if err := notify.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	buf := make([]byte, 512)
	for {
		n, err := notify.Read(buf)
		if err != nil {
			text, _ := os.ReadFile(h.log)
			return fmt.Errorf("gateway %s did not start: %s", h.end.name, strings.TrimSpace(string(text)))
		}
		if strings.Contains(string(buf[:n]), "READY=1") {
			return nil
		}
	}
}

// close ends the daemons; the namespaces go with them.
func (n *namespaces) close() {
	for _, h := range []*host{n.west, n.east} {
		if h.daemon != nil && h.daemon.Process != nil {
			_ = h.daemon.Process.Signal(syscall.SIGTERM)
			_ = h.daemon.Wait()
		}
		if h.link != nil {
			h.link.Close()
		}
		if h.handle.IsOpen() {
			_ = h.handle.Close()
		}
	}
}
