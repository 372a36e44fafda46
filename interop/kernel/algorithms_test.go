package kernel_test

import (
	"fmt"
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
	s.use(k)
	for _, c := range k.children {
		t.Run(c.name, func(t *testing.T) {
			defer s.lend(t)()
			s.ours.Must("up", "site/"+c.name)
			s.echo(c.inner[0][0], c.inner[0][1], 0)
		})
	}
}
