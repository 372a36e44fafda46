package kernel_test

import (
	"fmt"
	"strings"
	"testing"
)

// A child for each algorithm between the same two daemons, with packets of all paddings and fragments through each.
func TestAlgorithms(t *testing.T) {
	negotiated := []string{
		"aes128gcm8", "aes192gcm12", "aes256gcm16-esn", "aes128ccm8", "aes192ccm12", "aes256ccm16-esn", "chacha20poly1305", "chacha20poly1305-esn",
		"aes128gmac", "aes256gmac", "aes128-sha1", "aes128-sha256-esn", "aes192-sha384", "aes256-sha512", "aes128-aesxcbc", "aes128-aescmac",
		"aes128ctr-sha256", "aes192ctr-sha384", "aes256ctr-sha512-esn", "null-sha256",
	}
	eachBackend(t, func(t *testing.T, s *scene) { s.algorithms(t, negotiated) })
}

func (s *scene) algorithms(t *testing.T, negotiated []string) {
	var k link
	for i, algorithm := range negotiated {
		near, far := fmt.Sprintf("10.1.0.%d", i+2), fmt.Sprintf("10.2.0.%d", i+2)
		s.moon.Address(near + "/32")
		s.sun.Address(far + "/32")
		k.children = append(k.children, child{
			name: algorithm, inner: [][2]string{{near, far}},
			ours: fmt.Sprintf("esp_proposals = [%q]", algorithm), theirs: "esp_proposals = " + algorithm,
		})
	}
	k.children = append(k.children, s.truncations()...)
	s.use(k)
	for _, c := range k.children {
		t.Run(c.name, func(t *testing.T) {
			defer s.lend(t)()
			s.ours.Must("up", "site/"+c.name)
			if c.name == truncatedHereAlone {
				s.truncatedOtherwise(c.inner[0][0], c.inner[0][1])
				return
			}
			s.echo(c.inner[0][0], c.inner[0][1], 0)
		})
	}
}

const truncatedHereAlone = "sha256-96-here-alone"

// truncations are children whose HMAC-SHA-256 has 96 bits: of both sides, and of ours alone.
func (s *scene) truncations() (list []child) {
	const ours, theirs = "esp_proposals = [\"aes128-sha256\"]\nsha256_96 = true", "esp_proposals = aes128-sha256\nsha256_96 = "
	for i, c := range []child{{name: "sha256-96", theirs: theirs + "yes"}, {name: truncatedHereAlone, theirs: theirs + "no"}} {
		near, far := fmt.Sprintf("10.1.0.%d", i+100), fmt.Sprintf("10.2.0.%d", i+100)
		s.moon.Address(near + "/32")
		s.sun.Address(far + "/32")
		c.ours, c.inner = ours, [][2]string{{near, far}}
		list = append(list, c)
	}
	return list
}

// truncatedOtherwise has packets of both directions refused, and counted where they arrive.
func (s *scene) truncatedOtherwise(near, far string) {
	s.Helper()
	if s.reaches(near, far) {
		s.Error("packets pass whose ICV one side cuts to another length")
	}
	if !strings.Contains(s.refused(), "XfrmInStateProtoError") {
		s.Errorf("the kernel of sun counts %s", s.refused())
	}
	_, _ = s.sun.Try("ping", "-c", "1", "-W", "1", "-I", far, near)
	switch s.backend {
	case user:
		if n := s.ours.Status().Counters["esp_dropped_truncation"]; n == 0 {
			s.Errorf("our counters: %v", s.ours.Status().Counters)
		}
	case kernel:
		if out := s.moon.Must("cat", "/proc/net/xfrm_stat"); !strings.Contains(strings.Join(statLine.FindAllString(out, -1), "\n"), "XfrmInStateProtoError") {
			s.Errorf("the kernel of moon counts %s", out)
		}
	}
}
