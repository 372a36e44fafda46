package interop_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"culvert/capture"
)

// A capture by the daemon itself reads without a warning in tshark, has a comment on each packet, and the keys that are exported
// afterwards open its ESP: what is inside is what the capture shows as inner packets.
func TestCaptureReadsInWireshark(t *testing.T) {
	s := newScene(t)
	s.start(pskConf(`proposals = ["aes256gcm16-prfsha384-x25519"]`, `esp_proposals = ["aes128gcm16"]`),
		pskSwan("proposals = aes256gcm16-prfsha384-x25519", "esp_proposals = aes128gcm16"))
	file := filepath.Join(s.Dir, "ours.pcapng")
	ended := make(chan error, 1)
	go func() {
		_, err := s.ours.Try("capture", "site", "-o", file, "-w", "32")
		ended <- err
	}()
	s.Await("the capture to begin", func() bool { return strings.Contains(s.ours.Must("log", "-n", "100"), "packets are captured for") })
	s.up(culvert)
	// A handshake is 6 packets, and 2 pings are 8: there and back, inside and outside. On a slow machine some come again, and others
	// in between, so there are pings until the capture is full.
	for full := false; !full; {
		s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
		select {
		case err := <-ended:
			if full = true; err != nil {
				t.Fatal(err)
			}
		default:
		}
	}
	keys := filepath.Join(s.Dir, ".config", "wireshark")
	s.ours.Must("keys", "export", "--connection", "site", "-o", keys)

	if bad := s.Tshark(file, "_ws.malformed or _ws.expert.severity >= 0x600000"); len(bad) > 0 {
		t.Errorf("tshark warns:\n%s", strings.Join(bad, "\n"))
	}
	if bare := s.Tshark(file, "not frame.comment"); len(bare) > 0 {
		t.Errorf("packets have no comment:\n%s", strings.Join(bare, "\n"))
	}
	for filter, least := range map[string]int{
		`frame.interface_name == "ike"`: 6, `frame.interface_name == "esp" and esp`: 4, `frame.interface_name == "inner" and icmp`: 4,
		`isakmp and frame.comment contains "TSi 10.1.0.0/24"`: 2, `esp and frame.comment contains "site/net: sent ESP, SPI"`: 2,
		`icmp and frame.comment contains "site/net: received through SPI"`: 2, `isakmp.typepayload == 39`: 2,
	} {
		if got := s.Tshark(file, filter); len(got) < least {
			t.Errorf("%s: %d packets, want %d at least\n%s", filter, len(got), least, strings.Join(got, "\n"))
		}
	}
	if opened := s.Tshark(file, "icmp and esp", "-o", "esp.enable_encryption_decode:TRUE"); len(opened) < 4 {
		t.Errorf("tshark opens %d packets of ESP", len(opened))
	}
	// What tshark opens we open too, and all messages of IKE.
	var d capture.Totals
	got := s.ours.Must("decrypt", file, "--keys", keys, "--json")
	if err := json.Unmarshal([]byte(got), &d); err != nil || d.IKE < 6 || d.IKERead != d.IKE || d.ESP < 4 || d.ESPRead != d.ESP {
		t.Errorf("culvert decrypt opens %s, %v", got, err)
	}
	clear := filepath.Join(s.Dir, "clear.pcapng")
	s.ours.Must("decrypt", file, "--keys", keys, "-o", clear)
	if inner := s.Tshark(clear, `frame.interface_name == "inner" and icmp and frame.comment contains "out of ESP"`); len(inner) < 4 {
		t.Errorf("%d packets inside", len(inner))
	}
	if info, err := os.Stat(filepath.Join(keys, "culvert_keys")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the keys: %v, %v", info, err)
	}
}
