package interop_test

import (
	"fmt"
	"testing"
)

// Every algorithm that both sides know, one after the other between the same two daemons.
func TestIKEAlgorithms(t *testing.T) {
	proposals := []string{
		// encryption
		"aes128-sha256-x25519", "aes192-sha256-x25519", "aes256-sha256-x25519",
		"aes128ctr-sha256-x25519", "aes256ctr-sha256-x25519",
		"aes128gcm8-prfsha256-x25519", "aes128gcm12-prfsha256-x25519", "aes128gcm16-prfsha256-x25519", "aes192gcm16-prfsha256-x25519",
		"aes256gcm16-prfsha384-x25519",
		"aes128ccm8-prfsha256-x25519", "aes128ccm12-prfsha256-x25519", "aes256ccm16-prfsha256-x25519",
		"chacha20poly1305-prfsha256-x25519",
		// integrity and pseudorandom functions
		"aes128-sha1-x25519", "aes128-sha384-x25519", "aes128-sha512-x25519", "aes128-aesxcbc-x25519", "aes128-aescmac-x25519",
		"aes128gcm16-prfsha1-x25519", "aes128gcm16-prfsha512-x25519", "aes128gcm16-prfaesxcbc-x25519", "aes128gcm16-prfaescmac-x25519",
		// key exchange
		"aes128-sha256-modp2048", "aes128-sha256-modp3072", "aes128-sha256-modp4096", "aes128-sha256-modp6144", "aes128-sha256-modp8192",
		"aes128-sha256-modp1536", "aes128-sha256-modp1024",
		"aes128-sha256-ecp256", "aes128-sha256-ecp384", "aes128-sha256-ecp521",
		"aes128-sha256-ecp256bp", "aes128-sha256-ecp384bp", "aes128-sha256-ecp512bp",
		"aes128-sha256-x448",
	}
	eachProposal(t, proposals, func(p string) (ours, theirs string) {
		return pskConf(fmt.Sprintf("proposals = [%q]", p), ""), pskSwan("proposals = "+p, "")
	})
}

func TestESPAlgorithms(t *testing.T) {
	proposals := []string{
		"aes128-sha256", "aes192-sha256", "aes256-sha256", "aes128-sha384", "aes128-sha512", "aes128-sha1", "aes128-aesxcbc",
		"aes128ctr-sha256", "aes256ctr-sha512",
		"aes128gcm8", "aes128gcm12", "aes128gcm16", "aes192gcm16", "aes256gcm16",
		"aes128ccm8", "aes128ccm12", "aes128ccm16", "aes256ccm16",
		"chacha20poly1305", "null-sha256",
		"aes128gcm16-x25519", "aes256gcm16-ecp384",
	}
	eachProposal(t, proposals, func(p string) (ours, theirs string) {
		return pskConf("", fmt.Sprintf("esp_proposals = [%q]", p)), pskSwan("", "esp_proposals = "+p)
	})
}

// eachProposal brings the tunnel up with each proposal from either side and sends packets through.
func eachProposal(t *testing.T, proposals []string, confs func(string) (ours, theirs string)) {
	s := newScene(t)
	s.start(confs(proposals[0]))
	for _, p := range proposals {
		for _, initiator := range []who{culvert, charon} {
			t.Run(p+" by "+string(initiator), func(t *testing.T) {
				defer s.lend(t)()
				ours, theirs := confs(p)
				s.theirs.Load(theirs)
				s.ours.Reload(ours)
				s.up(initiator)
				s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
				s.down(initiator)
			})
		}
	}
}
