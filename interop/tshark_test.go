package interop_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A capture of ours reads without a warning in tshark and decrypts with the keys that we export.
func TestWiresharkReadsAndDecrypts(t *testing.T) {
	s := newScene(t)
	keys := filepath.Join(s.Dir, "keys")
	s.start(pskConf(`proposals = ["aes256gcm16-prfsha384-x25519"]`, `esp_proposals = ["aes128gcm16"]`)+"daemon {\n key_log = \""+keys+"\"\n}\n",
		pskSwan("proposals = aes256gcm16-prfsha384-x25519", "esp_proposals = aes128gcm16"))
	capture := s.moon.Capture("sun")
	s.up(culvert)
	s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
	s.rekey(culvert, "--child", "net")
	s.down(culvert)
	file := capture.Stop()

	profile := filepath.Join(s.Dir, ".config", "wireshark")
	if err := os.MkdirAll(profile, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"ikev2_decryption_table", "esp_sa"} {
		text, err := os.ReadFile(filepath.Join(keys, table))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(profile, table), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if bad := s.Tshark(file, "_ws.malformed or _ws.expert.severity >= 0x600000"); len(bad) > 0 {
		t.Errorf("tshark warns:\n%s", strings.Join(bad, "\n"))
	}
	// An authentication payload and an echo request can be seen in the decrypted packets only.
	if len(s.Tshark(file, "isakmp.typepayload == 39")) == 0 {
		t.Error("IKE_AUTH was not decrypted")
	}
	if len(s.Tshark(file, "icmp and esp", "-o", "esp.enable_encryption_decode:TRUE")) == 0 {
		t.Error("ESP was not decrypted")
	}
}
