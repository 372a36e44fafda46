package interop_test

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
)

// stream pings through the tunnel while something happens, and expects every answer.
func (s *scene) stream(packets int, meanwhile func()) {
	s.Helper()
	if lost, out := s.loses(packets, meanwhile); lost > 0 {
		s.Errorf("packets were lost:\n%s", out)
	}
}

// streamToAnother is stream for a change to another IKE SA. charon sends through its first child as soon as it has sent IKE_AUTH;
// what comes before we have that message and verified it is for an SPI without an SA.
func (s *scene) streamToAnother(packets int, meanwhile func()) {
	s.Helper()
	before := s.early()
	lost, out := s.loses(packets, meanwhile)
	if early := s.early() - before; lost > early {
		s.Errorf("packets were lost, %d of which had come too early:\n%s", early, out)
	}
}

// early counts the packets that have come for SPIs without an SA.
func (s *scene) early() int {
	s.Helper()
	return int(s.ours.Status().Counters["esp_dropped_unknown_spi"])
}

var pinged = regexp.MustCompile(`(\d+) packets transmitted, (\d+) received`)

// loses pings through the tunnel while something happens, and returns how many answers are missing, and what ping says.
func (s *scene) loses(packets int, meanwhile func()) (int, string) {
	s.Helper()
	done := make(chan string, 1)
	go func() {
		out, _ := s.moon.Try("ping", "-n", "-q", "-i", "0.005", "-W", "30", "-c", fmt.Sprint(packets), "-I", "10.1.0.1", "10.2.0.1")
		done <- out
	}()
	meanwhile()
	out := <-done
	m := pinged.FindStringSubmatch(out)
	if m == nil || m[1] != fmt.Sprint(packets) {
		s.Fatalf("ping says %s", out)
	}
	received, err := strconv.Atoi(m[2])
	if err != nil {
		s.Fatal(err)
	}
	return packets - received, out
}

func TestChildRekeyLosesNothing(t *testing.T) {
	bothRoles(t, func(t *testing.T, initiator who) {
		for _, pfs := range []string{"", "-x25519"} {
			t.Run("aes128gcm16"+pfs, func(t *testing.T) {
				s := newScene(t)
				s.start(pskConf("", fmt.Sprintf("esp_proposals = [\"aes128gcm16%s\"]", pfs)), pskSwan("", "esp_proposals = aes128gcm16"+pfs))
				s.up(culvert)
				before := s.ours.Status().SAs[0].Children[0]
				s.stream(400, func() {
					for range 4 {
						s.rekey(initiator, "--child", "net")
					}
				})
				s.Await("one child", func() bool { return s.children() == 1 && s.theirs.Installed() == 1 })
				if after := s.ours.Status().SAs[0].Children[0]; after.InSPI == before.InSPI {
					t.Error("the child was not rekeyed")
				}
			})
		}
	})
}

func TestIKERekeyLosesNothing(t *testing.T) {
	bothRoles(t, func(t *testing.T, initiator who) {
		s := newScene(t)
		s.start(pskConf("", ""), pskSwan("", ""))
		s.up(culvert)
		before := s.ours.Status().SAs[0]
		s.stream(400, func() {
			for range 3 {
				s.rekey(initiator, "--ike", "site")
			}
		})
		s.Await("one IKE SA", func() bool { return s.ikeSAs() == 1 && s.theirs.Established() == 1 })
		if after := s.ours.Status().SAs[0]; after.SPI == before.SPI {
			t.Error("the IKE SA was not rekeyed")
		}
		s.rekey(initiator, "--child", "net")
		s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
		s.down(charon)
	})
}

// rekey asks one side to rekey what the option names and waits until it has.
func (s *scene) rekey(by who, option, name string) {
	s.Helper()
	if by == charon {
		s.theirs.Swanctl("--rekey", option, name)
		return
	}
	target := "site/net"
	if option == "--ike" {
		target = "site"
	}
	s.ours.Must("rekey", target)
}

// Both sides authenticate anew; the new IKE SA comes before the old one goes, and no packet is lost.
func TestReauthenticationLosesNothing(t *testing.T) {
	s := newScene(t)
	s.startCharon("make_before_break = yes\n", pskSwan("unique = never", ""))
	s.startCulvert(pskConf("", ""))
	s.up(culvert)
	before := s.ours.Status().SAs[0]
	s.streamToAnother(300, func() { s.ours.Must("reauth", "site") })
	s.Await("one IKE SA", func() bool { return s.ikeSAs() == 1 && s.theirs.Established() == 1 })
	if after := s.ours.Status().SAs[0]; after.SPI == before.SPI || after.Children[0].Reqid != before.Children[0].Reqid {
		t.Errorf("not authenticated anew, or with another reqid:\n%+v\n%+v", before, after)
	}
}
