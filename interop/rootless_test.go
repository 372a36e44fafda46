package interop_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"culvert/interop/lab"
)

// rootlessConf is the client's configuration for gatewaySwan.
const rootlessConf = `
connection "office" {
  local {
    id = "moon.example.org"
  }
  remote {
    address = "10.99.0.2"
    id      = "sun.example.org"
  }
  virtual_ips = ["0.0.0.0", "::"]
  retry_delay = "1s"
  child "net" {
    remote = ["10.2.0.0/24", "fd02::/64"]
  }
}
secret "office" {
  ids = ["moon.example.org", "sun.example.org"]
  psk = "interoperable-and-long-enough"
}
`

// gatewaySwan has charon lease addresses of both families and name a DNS server.
func gatewaySwan() string {
	theirs := pskSwan("pools = rw4, rw6", "")
	theirs = strings.Replace(theirs, "remote_ts = 10.1.0.0/24", "remote_ts = dynamic", 1)
	theirs = strings.Replace(theirs, "local_ts = 10.2.0.0/24", "local_ts = 10.2.0.0/24,fd02::/64", 1)
	return theirs + "pools {\n rw4 {\n addrs = 10.3.0.0/24\n dns = 10.2.0.1\n }\n rw6 {\n addrs = fd03::/120\n }\n}\n"
}

// bigSize is what a large download has.
const bigSize = 64 << 20

// bigStream is the same octets each time.
func bigStream() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{1}), bigSize) }

// startIntranet runs a web server and a DNS server behind sun. Names exist there only.
func startIntranet(s *scene) {
	s.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, bigStream()) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		from, _, _ := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprintf(w, "%s asked by %s", r.Host, from)
	})
	names := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		reply := new(dns.Msg).SetReply(q)
		zone := map[string]string{
			"A web.intranet.": "A 10.2.0.1", "AAAA six.intranet.": "AAAA fd02::1",
			"A www.intranet.": "CNAME web.intranet.",
		}
		question := q.Question[0]
		for _, key := range []string{dns.TypeToString[question.Qtype] + " " + question.Name, "A web.intranet."} {
			record, there := zone[key]
			if !there {
				reply.Rcode = dns.RcodeNameError
				break
			}
			rr, err := dns.NewRR(strings.Fields(key)[1] + " 60 IN " + record)
			if err != nil {
				continue
			}
			reply.Answer = append(reply.Answer, rr)
			if !strings.HasPrefix(record, "CNAME") {
				break
			}
		}
		if len(reply.Answer) > 0 || question.Name == "six.intranet." || question.Name == "web.intranet." || question.Name == "www.intranet." {
			reply.Rcode = dns.RcodeSuccess
		}
		_ = w.WriteMsg(reply)
	})
	err := s.sun.Inside(func() error {
		for _, at := range []string{"10.2.0.1:80", "[fd02::1]:80"} {
			l, err := net.Listen("tcp", at)
			if err != nil {
				return err
			}
			s.Cleanup(func() { _ = l.Close() })
			go func() { _ = http.Serve(l, mux) }()
		}
		p, err := net.ListenPacket("udp", "10.2.0.1:53")
		if err != nil {
			return err
		}
		server := &dns.Server{PacketConn: p, Handler: names}
		s.Cleanup(func() { _ = server.Shutdown() })
		go func() { _ = server.ActivateAndServe() }()
		return nil
	})
	if err != nil {
		s.Fatal(err)
	}
}

// joined starts a client without rights and waits until its tunnel is up.
func joined(s *scene, args ...string) (*lab.Rootless, lab.Joined) {
	s.Helper()
	r := s.moon.Rootless(rootlessConf, args...)
	var j lab.Joined
	s.Await("the tunnel to be up", func() (up bool) { j, up = r.Up(); return up })
	return r, j
}

// fetch asks for a page on a host and expects an answer.
func fetch(s *scene, h *lab.Host, want string, args ...string) {
	s.Helper()
	got, err := h.Try(append([]string{"curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "20", "--noproxy", ""}, args...)...)
	if err != nil || got != want {
		s.Errorf("%v: got %q, %v, want %q", args, got, err, want)
	}
}

// A user without rights reaches the network behind charon by name, in both families, and is reached from there. The host
// knows nothing of it, and nothing leaves it in the clear.
func TestRootless(t *testing.T) {
	s := newScene(t)
	s.startCharon("", gatewaySwan())
	startIntranet(s)
	before := s.kernelState()
	capture := s.moon.Capture("sun")
	err := s.moon.Inside(func() error { // what the client offers to the network behind charon
		l, err := net.Listen("tcp", "127.0.0.1:8000")
		if err != nil {
			return err
		}
		s.Cleanup(func() { _ = l.Close() })
		go func() {
			_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "from moon") }))
		}()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r, j := joined(s, "--forward", "8080:web.intranet:80", "--reverse", "2222:127.0.0.1:8000")
	if strings.Join(j.Addresses, " ") != "10.3.0.1 fd03::1" {
		t.Errorf("addresses are %v", j.Addresses)
	}
	if now := s.kernelState(); now != before {
		t.Errorf("the host has changed:\n%s\nbefore:\n%s", now, before)
	}
	fetch(s, s.moon, "web.intranet asked by 10.3.0.1", "--socks5-hostname", j.SOCKS, "http://web.intranet/")
	fetch(s, s.moon, "www.intranet asked by 10.3.0.1", "--socks5-hostname", j.SOCKS, "http://www.intranet/")
	fetch(s, s.moon, "six.intranet asked by fd03::1", "--socks5-hostname", j.SOCKS, "http://six.intranet/")
	fetch(s, s.moon, "[fd02::1] asked by fd03::1", "--socks5", j.SOCKS, "http://[fd02::1]/")
	fetch(s, s.moon, "web.intranet asked by 10.3.0.1", "--proxy", "http://"+j.HTTP, "http://web.intranet/")
	fetch(s, s.moon, "six.intranet asked by fd03::1", "--proxytunnel", "--proxy", "http://"+j.HTTP, "http://six.intranet/")
	fetch(s, s.moon, "127.0.0.1:8080 asked by 10.3.0.1", "http://127.0.0.1:8080/")
	fetch(s, s.sun, "from moon", "--interface", "10.2.0.1", "http://10.3.0.1:2222/")
	fetch(s, s.sun, "from moon", "--interface", "fd02::1", "http://[fd03::1]:2222/")
	if code := r.Interrupt(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	s.Await("charon to forget the IKE SA", func() bool { return strings.TrimSpace(s.theirs.SAs()) == "" })
	s.onlyEncrypted(capture.Stop())
}

// New keys under a large download lose nothing.
func TestRootlessRekeyUnderLoad(t *testing.T) {
	s := newScene(t)
	s.startCharon("", gatewaySwan())
	startIntranet(s)
	r, j := joined(s)
	ended := make(chan string, 1)
	go func() {
		sum := sha256.New()
		out, err := s.moon.Try("sh", "-c", "curl --silent --show-error --max-time 60 --socks5-hostname "+j.SOCKS+" http://web.intranet/big | sha256sum; curl --silent --max-time 60 --proxy http://"+j.HTTP+" http://six.intranet/big | sha256sum")
		_, _ = io.Copy(sum, bigStream())
		want := hex.EncodeToString(sum.Sum(nil)) + "  -\n"
		if err != nil || out != want+want {
			out = fmt.Sprintf("got %s, %v, want %s twice", out, err, want)
		} else {
			out = ""
		}
		ended <- out
	}()
	for _, layer := range []string{"--child", "--ike", "--child"} {
		s.theirs.Swanctl("--rekey", layer, map[string]string{"--child": "net", "--ike": "site"}[layer])
		said := map[string]string{"--child": "child-rekeyed", "--ike": "rekeyed"}[layer]
		s.Await("new keys", func() bool { return r.Said(said) > 0 })
	}
	if out := <-ended; out != "" {
		t.Error(out)
	}
}

// When the gateway goes away programs are told, and when it is back the tunnel comes up by itself.
func TestRootlessReconnects(t *testing.T) {
	s := newScene(t)
	s.startCharon("", gatewaySwan())
	startIntranet(s)
	r, j := joined(s)
	s.theirs.Stop()
	s.Await("the tunnel to be down", func() bool { return r.Said("down") > 0 })
	out, _ := s.moon.Try("curl", "--silent", "--max-time", "20", "--proxy", "http://"+j.HTTP, "http://web.intranet/")
	if !strings.HasPrefix(out, "culvert: dial tcp web.intranet:80: tunnel office is down") {
		t.Errorf("got %q", out)
	}
	s.startCharon("", gatewaySwan())
	s.Await("the tunnel to be up again", func() bool { return r.Said("child-up") > 1 })
	fetch(s, s.moon, "web.intranet asked by 10.3.0.1", "--socks5-hostname", j.SOCKS, "http://web.intranet/")
}

// A gateway that refuses us is no riddle.
func TestRootlessRefused(t *testing.T) {
	s := newScene(t)
	s.startCharon("", gatewaySwan())
	r := s.moon.Rootless(strings.Replace(rootlessConf, "interoperable", "something-else", 1))
	if code := r.Exit(); code != 4 {
		t.Errorf("it ended with %d", code)
	}
	if !strings.Contains(r.Log(), "AUTHENTICATION_FAILED") {
		t.Errorf("it said %s", r.Log())
	}
}
