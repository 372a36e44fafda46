package lab

import (
	"net"
	"net/netip"
	"runtime"

	"github.com/vishvananda/netns"
)

// ListenUDP opens a socket of the host for the process of the test, which stays in its own namespace. The caller closes it.
func (h *Host) ListenUDP(at netip.AddrPort) *net.UDPConn {
	h.lab.Helper()
	var conn *net.UDPConn
	err := h.within(func() (err error) {
		conn, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
		return err
	})
	if err != nil {
		h.lab.Fatal(err)
	}
	return conn
}

// ListenTCP is ListenUDP for a stream socket, which accepts in the host's namespace. The caller closes it.
func (h *Host) ListenTCP(at netip.AddrPort) net.Listener {
	h.lab.Helper()
	var listener net.Listener
	err := h.within(func() (err error) {
		listener, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at))
		return err
	})
	if err != nil {
		h.lab.Fatal(err)
	}
	return listener
}

// within runs a function in the host's namespace. The thread that it ran on ends if it finds no way back.
func (h *Host) within(f func() error) error {
	there, err := netns.GetFromName(h.ns)
	if err != nil {
		return err
	}
	defer there.Close()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		here, err := netns.Get()
		if err != nil {
			done <- err
			return
		}
		defer here.Close()
		if err := netns.Set(there); err != nil {
			done <- err
			return
		}
		err = f()
		if netns.Set(here) == nil {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
}
