package tun

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"culvert/dataplane/user/offload"
)

// anyQueue waits for a packet in any queue.
func anyQueue(d *Device, b []byte) (queue int, p []byte, err error) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		for i := range d.Queues() {
			n, err := d.Read(i, b)
			if errors.Is(err, ErrAgain) {
				continue
			}
			if err != nil {
				return i, nil, err
			}
			_, p, err := offload.ParseHeader(b[:n])
			return i, p, err
		}
	}
	return 0, nil, os.ErrDeadlineExceeded
}

func TestFlowFollowsTheQueueOfItsAnswers(t *testing.T) {
	inNamespace(t, func() error {
		d, err := Open("cvu-t%d", 1400, 4)
		if err != nil {
			return err
		}
		defer d.Close()
		if d.Queues() != 4 || d.Name() != "cvu-t0" {
			t.Errorf("%d queues of %s", d.Queues(), d.Name())
		}
		link, err := netlink.LinkByName(d.Name())
		if err != nil {
			return err
		}
		if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: &net.IPNet{IP: net.IPv4(10, 9, 0, 1), Mask: net.CIDRMask(24, 32)}}); err != nil {
			return err
		}
		c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.MustParseAddrPort("10.9.0.2:53")))
		if err != nil {
			return err
		}
		defer c.Close()
		b := make([]byte, 1<<16)
		for answered := range 4 {
			if _, err := c.Write([]byte("question")); err != nil {
				return err
			}
			_, p, err := anyQueue(d, b)
			if err != nil {
				return err
			}
			if err := d.WritePacket(answered, [][]byte{make([]byte, offload.HeaderLen), answerTo(p)}); err != nil {
				return err
			}
			if _, err := c.Read(make([]byte, 100)); err != nil {
				return err
			}
			if _, err := c.Write([]byte("more")); err != nil {
				return err
			}
			if queue, _, err := anyQueue(d, b); err != nil || queue != answered {
				t.Errorf("queue %d, %v, want %d", queue, err, answered)
			}
		}
		return nil
	})
}

// answerTo turns a UDP packet over IPv4 round.
func answerTo(p []byte) []byte {
	a := bytes.Clone(p)
	copy(a[12:], p[16:20])
	copy(a[16:], p[12:16])
	copy(a[20:], p[22:24])
	copy(a[22:], p[20:22])
	a[26], a[27] = 0, 0 // no checksum
	return a
}

func TestEveryQueueCanBeWokenAndShut(t *testing.T) {
	inNamespace(t, func() error {
		d, err := Open("cvu-t%d", 1400, 3)
		if err != nil {
			return err
		}
		defer d.Close()
		for i := range d.Queues() {
			d.Wake(i)
			if err := d.Wait(i); err != nil {
				return err
			}
		}
		ended := make(chan error)
		for i := range d.Queues() {
			go func() { ended <- d.Wait(i) }()
		}
		d.Shut()
		for range d.Queues() {
			if err := <-ended; !errors.Is(err, os.ErrClosed) {
				t.Errorf("Wait: %v, want ErrClosed", err)
			}
		}
		return nil
	})
}

func TestQueuesDoNotJoinADeviceThatIsThere(t *testing.T) {
	inNamespace(t, func() error {
		d, err := Open("cvu-two", 1400, 2)
		if err != nil {
			return err
		}
		defer d.Close()
		for _, queues := range []int{1, 2} {
			if other, err := Open("cvu-two", 1300, queues); err == nil {
				other.Close()
				t.Errorf("opened with %d queues more", queues)
			}
		}
		link, err := netlink.LinkByName("cvu-two")
		if err == nil && link.Attrs().MTU != 1400 {
			t.Errorf("MTU %d", link.Attrs().MTU)
		}
		return err
	})
}
