package kernel_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
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
// for those that sun's daemon took the SA from.
func (s *scene) stream(source, target string, meanwhile func()) {
	s.Helper()
	from := s.moon.ListenUDP(netip.AddrPortFrom(netip.MustParseAddr(source), 0))
	defer from.Close()
	to := s.sun.ListenUDP(netip.AddrPortFrom(netip.MustParseAddr(target), 0))
	defer to.Close()
	go reflect(to)
	before := s.cutOff()
	stop, sent := make(chan struct{}), make(chan int)
	go func() { sent <- number(from, to.LocalAddr(), stop) }()
	back := &echoes{times: map[uint32]int{}}
	go back.collect(from)
	meanwhile()
	close(stop)
	total, cut := <-sent, 0
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if cut = s.cutOff() - before; back.count()+cut >= total {
			break
		}
	}
	if got := back.count(); got+cut < total || total == 0 {
		s.Errorf("%d of %d datagrams came back, %d were cut off\n%s", got, total, cut, s.refused())
	}
	back.once(s)
}

// cutOff counts the packets that the kernel of sun has dropped for reasons of its daemon's. With all of them the SA was removed while
// the kernel was about to seal them: it had chosen the SA before there was a newer one, and was held up until the peer had asked for
// the end of the old one.
func (s *scene) cutOff() (n int) {
	s.Helper()
	for _, line := range statLine.FindAllStringSubmatch(s.sun.Must("cat", "/proc/net/xfrm_stat"), -1) {
		if !slices.Contains(append(s.faults, "XfrmOutStateInvalid"), line[1]) {
			continue
		}
		dropped, err := strconv.Atoi(line[2])
		if err != nil {
			s.Fatal(err)
		}
		n += dropped
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

// echoes are the numbers that have come back, with how often each has.
type echoes struct {
	mu    sync.Mutex
	times map[uint32]int
}

// collect counts the numbers that arrive until the socket is closed.
func (e *echoes) collect(conn *net.UDPConn) {
	buf := make([]byte, 64)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if n == 4 {
			e.mu.Lock()
			e.times[binary.BigEndian.Uint32(buf)]++
			e.mu.Unlock()
		}
	}
}

// count tells how many numbers have come back.
func (e *echoes) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.times)
}

// once expects that none has come back more than once.
func (e *echoes) once(s *scene) {
	s.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for n, times := range e.times {
		if times != 1 {
			s.Errorf("datagram %d came back %d times", n, times)
		}
	}
}
