package kernel_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"
)

// Children and the IKE SA get new keys from either side while datagrams go to and fro: each of them arrives.
func TestRekeyUnderTraffic(t *testing.T) {
	eachBackend(t, func(t *testing.T, s *scene) {
		for _, algorithm := range []string{"aes128gcm16", "aes128-sha256-esn"} {
			t.Run(algorithm, func(t *testing.T) {
				defer s.lend(t)()
				s.rekeys(algorithm)
			})
		}
	})
}

func (s *scene) rekeys(algorithm string) {
	s.Helper()
	s.use(link{children: []child{{
		name: "net", inner: [][2]string{{"10.1.0.1", "10.2.0.1"}},
		ours: `esp_proposals = ["` + algorithm + `-x25519"]`, theirs: "esp_proposals = " + algorithm + "-x25519",
	}}})
	s.ours.Must("up", "site/net")
	before := s.ours.Status().SAs[0]
	s.stream("10.1.0.1", "10.2.0.1", func() {
		s.ours.Must("rekey", "site/net")
		s.theirs.Swanctl("--rekey", "--child", "net")
		s.ours.Must("rekey", "site")
		s.theirs.Swanctl("--rekey", "--ike", "site")
		s.ours.Must("rekey", "site/net")
	})
	after := s.ours.Status().SAs[0]
	if before.SPI == after.SPI || before.Children[0].InSPI == after.Children[0].InSPI {
		s.Error("nothing was rekeyed")
	}
	s.down()
}

// stream sends numbered datagrams without waiting for their echo while something happens, and expects each of them once, but
// for those that charon took the SA from.
func (s *scene) stream(source, target string, meanwhile func()) {
	s.Helper()
	from := s.moon.ListenUDP(netip.AddrPortFrom(netip.MustParseAddr(source), 0))
	defer from.Close()
	to := s.sun.ListenUDP(netip.AddrPortFrom(netip.MustParseAddr(target), 0))
	defer to.Close()
	go reflect(to)
	cutOff := s.cutOff()
	stop, sent := make(chan struct{}), make(chan int)
	go func() { sent <- number(from, to.LocalAddr(), stop) }()
	echoes := make(chan map[uint32]int)
	go func() { echoes <- collect(from) }()
	meanwhile()
	close(stop)
	total := <-sent
	// Whatever is still under way has the time of one exchange, which is behind it.
	if err := from.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
		s.Fatal(err)
	}
	got := <-echoes
	if cutOff = s.cutOff() - cutOff; len(got)+cutOff != total || total == 0 {
		s.Errorf("%d of %d datagrams came back, charon cut %d off\n%s", len(got), total, cutOff, s.refused())
	}
	for n, times := range got {
		if times != 1 {
			s.Errorf("datagram %d came back %d times", n, times)
		}
	}
}

// cutOff counts the packets whose SA charon removed from the kernel of sun while that was about to seal them.
func (s *scene) cutOff() (n int) {
	s.Helper()
	if s.theirs == nil {
		return 0
	}
	for _, line := range statLine.FindAllStringSubmatch(s.sun.Must("cat", "/proc/net/xfrm_stat"), -1) {
		if line[1] != "XfrmOutStateInvalid" {
			continue
		}
		var err error
		if n, err = strconv.Atoi(line[2]); err != nil {
			s.Fatal(err)
		}
	}
	return n
}

// number sends a datagram every few milliseconds until it is told to stop, and returns how many it sent.
func number(conn *net.UDPConn, to net.Addr, stop <-chan struct{}) int {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-stop:
			return n
		case <-tick.C:
			if _, err := conn.WriteTo(binary.BigEndian.AppendUint32(nil, uint32(n)), to); err != nil {
				return n
			}
		}
	}
}

// collect counts the numbers that arrive until the deadline of the socket.
func collect(conn *net.UDPConn) map[uint32]int {
	got := map[uint32]int{}
	buf := make([]byte, 64)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return got
		}
		if n == 4 {
			got[binary.BigEndian.Uint32(buf)]++
		}
	}
}
