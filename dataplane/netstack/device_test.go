package netstack

import (
	"errors"
	"os"
	"testing"

	"culvert/dataplane/user"
	"culvert/dataplane/user/offload"
	"culvert/dataplane/user/tun"
)

var _ user.Device = (*link)(nil)

func TestWaitEndsByWakeAndShut(t *testing.T) {
	l := newLink(1400)
	l.Wake(0)
	l.Wake(0)
	must(t, l.Wait(0))
	ended := make(chan error)
	go func() { ended <- l.Wait(0) }()
	l.Shut()
	l.Shut()
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if _, err := l.Read(0, make([]byte, 100)); !errors.Is(err, tun.ErrAgain) {
		t.Errorf("an empty link gives %v", err)
	}
	must(t, l.Close())
}

// A checksum that joining has left open is completed, one outside of the packet refused.
func TestOpenChecksums(t *testing.T) {
	// UDP over IPv4 from RFC 1071's method by hand: 10.0.0.1:1 -> 10.0.0.2:2, "hi", pseudo header sum in the field.
	packet := []byte{
		0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		0, 1, 0, 2, 0, 10, 0x14, 0x1e, 'h', 'i',
	}
	h := offload.Header{Flags: offload.NeedsChecksum, ChecksumStart: 20, ChecksumOffset: 6}
	must(t, complete(h, packet))
	// 0x0001 + 0x0002 + 0x000a + 0x141e + 0x6869 = 0x7c94, its complement 0x836b
	if packet[26] != 0x83 || packet[27] != 0x6b {
		t.Errorf("checksum is %x", packet[26:28])
	}
	for _, h := range []offload.Header{{ChecksumStart: 31}, {ChecksumStart: 20, ChecksumOffset: 9}, {ChecksumStart: 65535, ChecksumOffset: 65535}} {
		if err := complete(h, packet); !errors.Is(err, offload.ErrHeader) {
			t.Errorf("%+v: %v", h, err)
		}
	}
}

// Nothing that comes through a tunnel brings the stack down.
func FuzzInbound(f *testing.F) {
	f.Add([]byte{0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2, 0, 10, 0, 0, 'h', 'i'}, uint8(0), uint16(20), uint16(6))
	f.Add([]byte{0x60, 0, 0, 0, 0, 0, 58, 255}, uint8(1), uint16(0), uint16(0))
	f.Add([]byte{}, uint8(0), uint16(0), uint16(0))
	l := newLink(1400)
	s, err := newStack(l)
	if err != nil {
		f.Fatal(err)
	}
	p := newPlumber(s)
	for _, a := range eastAddrs {
		if err := p.addresses.take(a); err != nil {
			f.Fatal(err)
		}
	}
	buf := make([]byte, 1<<16+offload.HeaderLen)
	f.Fuzz(func(_ *testing.T, packet []byte, flags uint8, start, at uint16) {
		var header [offload.HeaderLen]byte
		offload.Header{Flags: flags, ChecksumStart: start, ChecksumOffset: at}.Put(&header)
		half := len(packet) / 2
		_ = l.WritePacket(0, [][]byte{header[:], packet[:half], packet[half:]})
		for n, err := l.Read(0, buf); err == nil; n, err = l.Read(0, buf) {
			if _, _, err := offload.ParseHeader(buf[:n]); err != nil {
				panic(err)
			}
		}
	})
}
