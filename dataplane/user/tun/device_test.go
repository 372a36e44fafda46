package tun

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"culvert/dataplane/user/offload"
	"culvert/internal/netnstest"
)

// inNamespace runs f in a network namespace of its own, which vanishes after the test.
func inNamespace(t *testing.T, f func() error) {
	t.Helper()
	netnstest.Enter(t)
	if err := f(); err != nil {
		t.Fatal(err)
	}
}

// withAddress opens a device with the address 10.9.0.1/24.
func withAddress(mtu int) (*Device, error) {
	d, err := Open("cvu-t%d", mtu, 1)
	if err != nil {
		return nil, err
	}
	link, err := netlink.LinkByName(d.Name())
	if err != nil {
		return nil, err
	}
	return d, netlink.AddrAdd(link, &netlink.Addr{IPNet: &net.IPNet{IP: net.IPv4(10, 9, 0, 1), Mask: net.CIDRMask(24, 32)}})
}

// next waits for a packet.
func next(d *Device, b []byte) (offload.Header, []byte, error) {
	for {
		n, err := d.Read(0, b)
		if err == nil {
			return offload.ParseHeader(b[:n])
		}
		if !errors.Is(err, ErrAgain) {
			return offload.Header{}, nil, err
		}
		if err := d.Wait(0); err != nil {
			return offload.Header{}, nil, err
		}
	}
}

func TestDeviceIsConfigured(t *testing.T) {
	inNamespace(t, func() error {
		d, err := Open("cvu-t%d", 1380, 1)
		if err != nil {
			return err
		}
		defer d.Close()
		if d.Name() != "cvu-t0" || d.Index() == 0 {
			t.Errorf("name %q, index %d", d.Name(), d.Index())
		}
		link, err := netlink.LinkByName(d.Name())
		if err != nil {
			return err
		}
		a := link.Attrs()
		if a.MTU != 1380 || a.Flags&net.FlagUp == 0 || a.Flags&net.FlagMulticast != 0 || a.TxQLen != queueLength || a.GSOMaxSize != superPacket {
			t.Errorf("link %+v", a)
		}
		addresses, err := netlink.AddrList(link, netlink.FAMILY_ALL)
		if len(addresses) != 0 {
			t.Errorf("addresses %v", addresses)
		}
		if n, err := d.Read(0, make([]byte, 2000)); !errors.Is(err, ErrAgain) {
			t.Errorf("a quiet device gives %d octets, %v", n, err)
		}
		return err
	})
}

func TestPacketsPassBothWays(t *testing.T) {
	inNamespace(t, func() error {
		d, err := withAddress(1400)
		if err != nil {
			return err
		}
		defer d.Close()
		c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.MustParseAddrPort("10.9.0.2:53")))
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := c.Write([]byte("question")); err != nil {
			return err
		}
		b := make([]byte, 1<<16)
		_, p, err := next(d, b)
		if err != nil {
			return err
		}
		if !bytes.HasSuffix(p, []byte("question")) {
			t.Errorf("got %x", p)
		}
		answer := answerTo(p)
		if err := d.WritePacket(0, [][]byte{make([]byte, offload.HeaderLen), answer[:28], nil, answer[28:]}); err != nil {
			return err
		}
		c.SetReadDeadline(time.Now().Add(time.Minute))
		n, err := c.Read(b)
		if string(b[:n]) != "question" {
			t.Errorf("read %q", b[:n])
		}
		return err
	})
}

func TestSuperPacketsArrive(t *testing.T) {
	inNamespace(t, func() error {
		d, err := withAddress(1400)
		if err != nil {
			return err
		}
		defer d.Close()
		if !d.JoinsUDP() {
			t.Log("no USO")
			return nil
		}
		c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.MustParseAddrPort("10.9.0.2:53")))
		if err != nil {
			return err
		}
		defer c.Close()
		raw, err := c.SyscallConn()
		if err != nil {
			return err
		}
		const udpSegment = 103
		raw.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_UDP, udpSegment, 1000) })
		if err != nil {
			return err
		}
		if _, err := c.Write(make([]byte, 20500)); err != nil {
			return err
		}
		h, p, err := next(d, make([]byte, 1<<16))
		if err != nil {
			return err
		}
		var s offload.Segments
		err = s.Split(h, p)
		if s.Count() != 21 || s.MaxLen() != 1028 {
			t.Errorf("%d packets of up to %d octets", s.Count(), s.MaxLen())
		}
		return err
	})
}

func TestWaitEndsByWakeAndShut(t *testing.T) {
	inNamespace(t, func() error {
		d, err := Open("cvu-t%d", 1400, 1)
		if err != nil {
			return err
		}
		defer d.Close()
		d.Wake(0)
		d.Wake(0)
		if err := d.Wait(0); err != nil {
			t.Errorf("Wait after Wake: %v", err)
		}
		ended := make(chan error)
		go func() { ended <- d.Wait(0) }()
		d.Shut()
		if err := <-ended; !errors.Is(err, os.ErrClosed) {
			t.Errorf("Wait after Shut: %v", err)
		}
		if err := d.Wait(0); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Wait again: %v", err)
		}
		return nil
	})
}

func TestWaitTellsThatTheDeviceIsGone(t *testing.T) {
	inNamespace(t, func() error {
		d, err := Open("cvu-t%d", 1400, 2)
		if err != nil {
			return err
		}
		defer d.Close()
		link, err := netlink.LinkByName(d.Name())
		if err != nil {
			return err
		}
		if err := netlink.LinkSetDown(link); err != nil {
			return err
		}
		d.Wake(1)
		if err := d.Wait(1); err != nil {
			t.Errorf("a device that is down: %v", err)
		}
		if err := netlink.LinkDel(link); err != nil {
			return err
		}
		for queue := range 2 {
			if err := d.Wait(queue); !errors.Is(err, ErrGone) {
				t.Errorf("queue %d: %v, want ErrGone", queue, err)
			}
		}
		d.Shut()
		if err := d.Wait(0); !errors.Is(err, os.ErrClosed) {
			t.Errorf("after Shut: %v", err)
		}
		return nil
	})
}

func TestWritesAreChecked(t *testing.T) {
	inNamespace(t, func() error {
		d, err := Open("cvu-t%d", 1400, 1)
		if err != nil {
			return err
		}
		defer d.Close()
		if err := d.WritePacket(0, [][]byte{make([]byte, offload.HeaderLen), {0x20}}); err == nil {
			t.Error("rubbish was written")
		}
		if err := d.WritePacket(0, make([][]byte, maxParts+1)); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("too many parts: %v", err)
		}
		return nil
	})
}

func TestOpenExplains(t *testing.T) {
	inNamespace(t, func() error {
		d, err := Open("cvu-one", 1400, 1)
		if err != nil {
			return err
		}
		defer d.Close()
		for _, tt := range []struct {
			name string
			mtu  int
		}{{"cvu-one", 1400}, {"cvu-name-too-long", 1400}, {"cvu-two", 1}} {
			_, err := Open(tt.name, tt.mtu, 1)
			if err == nil || !strings.Contains(err.Error(), "tun "+tt.name) {
				t.Errorf("%s, MTU %d: %v", tt.name, tt.mtu, err)
			}
		}
		if _, err := netlink.LinkByName("cvu-two"); err == nil {
			t.Error("a device that could not be set up stays")
		}
		return nil
	})
}

func TestReadWriteAndWaitDoNotAllocate(t *testing.T) {
	inNamespace(t, func() error {
		d, err := withAddress(1400)
		if err != nil {
			return err
		}
		defer d.Close()
		p := make([]byte, 28) // UDP from 10.9.0.2 to a port where nobody listens on an address that nobody has
		copy(p, []byte{0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 9, 0, 2, 224, 0, 0, 99, 1, 1, 1, 1, 0, 8, 0, 0})
		parts, b := [][]byte{make([]byte, offload.HeaderLen), p}, make([]byte, 2000)
		if n := testing.AllocsPerRun(100, func() {
			_ = d.WritePacket(0, parts)
			_, _ = d.Read(0, b)
			d.Wake(0)
			_ = d.Wait(0)
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
		return nil
	})
}
