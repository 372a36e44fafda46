package kernel_test

import "testing"

// Every algorithm of ESP that we share with the kernel, packets of all paddings in both directions.
func TestAlgorithms(t *testing.T) {
	s := newScene(t)
	for _, p := range []string{
		"aes128gcm8", "aes128gcm12", "aes128gcm16", "aes192gcm8", "aes192gcm12", "aes192gcm16", "aes256gcm8", "aes256gcm12", "aes256gcm16",
		"aes128ccm8", "aes128ccm12", "aes128ccm16", "aes192ccm16", "aes256ccm8", "aes256ccm16",
		"chacha20poly1305", "aes128gmac", "aes256gmac",
		"aes128-sha256", "aes192-sha256", "aes256-sha256", "aes128-sha1", "aes128-sha384", "aes128-sha512", "aes128-aesxcbc", "aes128-aescmac",
		"aes128ctr-sha256", "aes192ctr-sha384", "aes256ctr-sha512", "null-sha1", "null-sha256",
	} {
		t.Run(p, func(t *testing.T) {
			defer s.lend(t)()
			s.prove(link{ours: `esp_proposals = ["` + p + `"]`, theirs: "esp_proposals = " + p})
		})
	}
}
