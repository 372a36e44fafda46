package interop_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/interop/lab"
)

// A workerScene has Culvert on moon and sun with two workers each, and a Child SA for each worker with traffic (RFC 9611).
// No foreign implementation in Debian knows that.
func newWorkerScene(t *testing.T) (s *scene, gateway *lab.Culvert) {
	s = newScene(t)
	mirror := strings.NewReplacer("10.99.0.1", "10.99.0.2", "10.99.0.2", "10.99.0.1", "10.1.0.0", "10.2.0.0", "10.2.0.0", "10.1.0.0",
		`"moon.example.org"`, `"sun.example.org"`, `"sun.example.org"`, `"moon.example.org"`)
	const twoQueues = "daemon {\n  dataplane {\n    backend = \"user\"\n    queues = 2\n  }\n}\n"
	conf := pskConf("force_encapsulation = true", "per_cpu_sas = true")
	gateway = s.sun.Culvert(twoQueues + mirror.Replace(conf))
	s.startCulvert(twoQueues + conf)
	s.ours.Must("up", "site")
	return s, gateway
}

// workers are the workers with a Child SA of their own, and what these have sent in packets.
func workers(status api.Status) map[int]uint64 {
	found := map[int]uint64{}
	for _, sa := range status.SAs {
		for _, c := range sa.Children {
			if c.Resource > 0 {
				found[c.Resource] += c.Out.Packets
			}
		}
	}
	return found
}

// echoes sends datagrams of many flows through the tunnel, each of which has to come back.
func (s *scene) echoes(flows, each int) error {
	return s.moon.Inside(func() error {
		for i := range flows {
			conn, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(10, 1, 0, 1)}, &net.UDPAddr{IP: net.IPv4(10, 2, 0, 1), Port: 7007})
			if err != nil {
				return err
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
			for j := range each {
				if err := echo(conn, fmt.Sprintf("flow %d datagram %d", i, j)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func echo(conn *net.UDPConn, text string) error {
	if _, err := conn.Write([]byte(text)); err != nil {
		return err
	}
	b := make([]byte, 100)
	n, err := conn.Read(b)
	if err == nil && string(b[:n]) != text {
		err = fmt.Errorf("%q came back for %q", b[:n], text)
	}
	return err
}

// answerEchoes echoes on sun until the test ends.
func (s *scene) answerEchoes() {
	s.Helper()
	var server *net.UDPConn
	err := s.sun.Inside(func() (err error) {
		server, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(10, 2, 0, 1), Port: 7007})
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = server.Close() })
	go func() {
		b := make([]byte, 2000)
		for {
			n, from, err := server.ReadFromUDP(b)
			if err != nil {
				return
			}
			_, _ = server.WriteToUDP(b[:n], from)
		}
	}()
}

func TestEveryWorkerHasAChildOfItsOwn(t *testing.T) {
	s, gateway := newWorkerScene(t)
	s.answerEchoes()
	served := func() bool {
		if err := s.echoes(16, 4); err != nil {
			s.Fatal(err)
		}
		return len(workers(s.ours.Status())) == 2 && len(workers(gateway.Status())) == 2
	}
	s.Await("a Child SA for each worker", served)
	before := workers(s.ours.Status())
	if err := s.echoes(32, 4); err != nil {
		s.Fatal(err)
	}
	for worker, n := range workers(s.ours.Status()) {
		if n <= before[worker] {
			s.Errorf("worker %d sends nothing through its own Child SA", worker)
		}
	}
	for _, side := range []*lab.Culvert{s.ours, gateway} {
		side.Must("rekey", "site", "--child")
		if err := s.echoes(16, 4); err != nil {
			s.Errorf("after rekeying: %v", err)
		}
	}
	if text := s.ours.Must("status", "site"); !strings.Contains(text, "of worker 2") {
		s.Errorf("status does not tell workers apart:\n%s", text)
	}
	s.ours.Must("down", "site")
	s.Await("everything to be gone", func() bool { return s.ikeSAs() == 0 && len(gateway.Status().SAs) == 0 })
}
