package kernel_test

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"time"
)

// sizes of datagrams: every length of padding to 4 and 16 octets, one that just fits, and packets that have to be cut.
var sizes = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 500, 1300, 1472, 4000}

// surelyFits is a datagram that fits every path here. The first larger one may be lost: its sender is told to send smaller packets
// (RFC 8201, Section 4).
const surelyFits = 1300

// patience is how long something may take that happens at once: only what hangs uses it up.
const patience = time.Minute

// refusal is how long the echo of a first large datagram is waited for, which may have been refused.
const refusal = 5 * time.Second

// echo sends datagrams of all sizes, or up to the largest, from an address of moon to one of sun, and expects each back as it was.
func (s *scene) echo(source, target string, largest int) {
	s.Helper()
	from := s.moon.ListenUDP(netip.AddrPortFrom(netip.MustParseAddr(source), 0))
	defer from.Close()
	to := s.sun.ListenUDP(netip.AddrPortFrom(netip.MustParseAddr(target), 0))
	defer to.Close()
	go reflect(to)
	for _, size := range sizes {
		if largest != 0 && size > largest {
			break
		}
		err := os.ErrDeadlineExceeded
		if size > surelyFits {
			err = exchange(from, to.LocalAddr(), size, refusal)
		}
		if err != nil {
			err = exchange(from, to.LocalAddr(), size, patience)
		}
		if err != nil {
			s.Fatalf("%d octets from %s to %s: %v\n%s", size, source, target, err, s.refused())
		}
	}
}

// reaches tells whether one datagram comes back within a second.
func (s *scene) reaches(source, target string) bool {
	s.Helper()
	from := s.moon.ListenUDP(netip.AddrPortFrom(netip.MustParseAddr(source), 0))
	defer from.Close()
	to := s.sun.ListenUDP(netip.AddrPortFrom(netip.MustParseAddr(target), 0))
	defer to.Close()
	go reflect(to)
	return exchange(from, to.LocalAddr(), 64, time.Second) == nil
}

// reflect sends every datagram back until the socket is closed.
func reflect(conn *net.UDPConn) {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		_, _ = conn.WriteToUDPAddrPort(buf[:n], from)
	}
}

// exchange sends a datagram and waits for its echo. What comes late of an earlier one is passed over.
func exchange(conn *net.UDPConn, to net.Addr, size int, patience time.Duration) error {
	sent := bytes.Repeat([]byte{byte(size), 0x5a, 0x00, 0xff}, size/4+1)[:size]
	if _, err := conn.WriteTo(sent, to); err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	got := make([]byte, 1<<16)
	for {
		n, err := conn.Read(got)
		if err != nil {
			return err
		}
		if bytes.Equal(got[:n], sent) {
			return nil
		}
	}
}
