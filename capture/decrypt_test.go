package capture

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"culvert/keylog"
)

// decrypted opens a file of testdata with tables by their names there.
func decrypted(t *testing.T, file string, tables map[string]string) (packets []Packet, totals Totals) {
	t.Helper()
	ring := keylog.NewRing()
	for table, name := range tables {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := ring.Read(table, bytes.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	totals, err = Decrypt(f, ring, func(p *Packet) error {
		packets = append(packets, *p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packets, totals
}

// comments are those of all packets of a layer.
func comments(packets []Packet, l Layer) string {
	var all []string
	for _, p := range packets {
		if p.Layer == l {
			all = append(all, p.Comment)
		}
	}
	return strings.Join(all, "\n")
}

// Recordings of Wireshark's test suite, with the algorithms in their names, open with Wireshark's table.
func TestWiresharksRecordingsOpen(t *testing.T) {
	for _, file := range []string{"ikev2-decrypt-aes128ccm12.pcap", "ikev2-decrypt-aes192ctr.pcap", "ikev2-decrypt-aes256cbc.pcapng", "ikev2-decrypt-aes256gcm16.pcap"} {
		packets, totals := decrypted(t, file, map[string]string{keylog.TableIKE: "wireshark.ikev2_decryption_table"})
		if totals.IKE < 4 || totals.IKERead != totals.IKE {
			t.Errorf("%s: %+v\n%s", file, totals, comments(packets, IKE))
		}
		if text := comments(packets, IKE); strings.Count(text, "\nAUTH ") != 2 || strings.Count(text, "\nTSi ") != 2 {
			t.Errorf("%s: no AUTH or TSi in\n%s", file, text)
		}
	}
}

// Recordings of two strongSwan daemons open with the tables of one of them: IKE through changes of keys, and every packet of
// ESP, in which there are pings.
func TestStrongSwansRecordingsOpen(t *testing.T) {
	for _, name := range []string{"cert-ed25519", "psk-aescbc-sha256-modp2048", "psk-x25519-mlkem768", "eap-md5"} {
		packets, totals := decrypted(t, name+".pcap", map[string]string{keylog.TableIKE: name + ".ikev2_decryption_table", keylog.TableESP: name + ".esp_sa"})
		if totals.IKERead != totals.IKE || totals.IKE < 4 || totals.ESPRead != totals.ESP || (totals.ESP < 2) != (name == "eap-md5") || totals.Inner != totals.ESP {
			t.Errorf("%s: %+v\n%s\n%s", name, totals, firstLines(packets, IKE), comments(packets, ESP))
		}
		for _, p := range packets {
			if p.Layer == Inner && (p.Data[0] != 0x45 || p.Data[9] != 1) {
				t.Errorf("%s: inside is %x", name, p.Data)
			}
		}
	}
}

func firstLines(packets []Packet, l Layer) string {
	var all []string
	s := bufio.NewScanner(strings.NewReader(comments(packets, l)))
	for s.Scan() {
		if strings.Contains(s.Text(), "request") || strings.Contains(s.Text(), "response") {
			all = append(all, s.Text())
		}
	}
	return strings.Join(all, "\n")
}

// Without keys everything is still named, and IKEv1 is passed over.
func TestWithoutKeys(t *testing.T) {
	packets, totals := decrypted(t, "cert-ed25519.pcap", nil)
	if totals.IKERead != 2 || totals.ESPRead != 0 || totals.Inner != 0 || !strings.Contains(comments(packets, IKE), "IKE_AUTH response 1; there is no key") || !strings.Contains(comments(packets, ESP), "there is no key") {
		t.Errorf("%+v\n%s", totals, firstLines(packets, IKE))
	}
	for _, file := range []string{"ikev1-certs.pcap", "esp-bug-12671.pcapng"} {
		if _, totals := decrypted(t, file, nil); totals.IKERead+totals.ESPRead != 0 || totals.Packets == 0 {
			t.Errorf("%s: %+v", file, totals)
		}
	}
}

func TestFilesThatAreNone(t *testing.T) {
	for _, text := range []string{"", "pc", "no capture", "\x0a\x0d\x0d\x0a no more"} {
		if _, err := Decrypt(strings.NewReader(text), keylog.NewRing(), func(*Packet) error { return nil }); err == nil {
			t.Errorf("%q is a capture", text)
		}
	}
}

// A file that is cut anywhere gives what is before the cut, or an error.
func TestFilesThatAreCut(t *testing.T) {
	whole, err := os.ReadFile("testdata/ikev2-decrypt-aes256cbc.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	for n := 0; n <= len(whole); n += 7 {
		totals, _ := Decrypt(bytes.NewReader(whole[:n]), keylog.NewRing(), func(*Packet) error { return nil })
		most = max(most, totals.IKE)
	}
	if most < 4 {
		t.Errorf("%d messages at most", most)
	}
}
