package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tables makes a folder with the keys of a recording.
func tables(t *testing.T, name string) (file, dir string) {
	t.Helper()
	const recordings = "../../../capture/testdata/"
	dir = t.TempDir()
	for _, table := range []string{"esp_sa", "ikev2_decryption_table"} {
		text, err := os.ReadFile(recordings + name + "." + table)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, table), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return recordings + name + ".pcap", dir
}

func TestDecryptShowsALineForEachPacket(t *testing.T) {
	s := newShell(t)
	file, keys := tables(t, "cert-ed25519")
	s.run(exitOK, "decrypt", file, "--keys", keys)
	for _, want := range []string{"ike    IKE_AUTH response 1 [ IDr CERT AUTH", "esp    ESP, SPI d1e7c35e, sequence 1, ", "inner  out of ESP, SPI d1e7c35e"} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("no %q in\n%s", want, s.out.String())
		}
	}
	if strings.Contains(s.out.String(), "identity:") || !strings.Contains(s.err.String(), "opened 18 of 18 messages of IKE and 6 of 6 packets of ESP, with 6 packets inside") {
		t.Errorf("said %s", s.err.String())
	}
	s.run(exitOK, "decrypt", file, "--keys", keys, "--payloads")
	if !strings.Contains(s.out.String(), "type: ID_FQDN") {
		t.Errorf("no payloads in\n%s", s.out.String())
	}
	s.run(exitOK, "decrypt", file, "--json")
	if !strings.Contains(s.out.String(), `"ike_read":2`) {
		t.Errorf("said %s", s.out.String())
	}
}

// Tables are known by their lines, whatever they are called.
func TestDecryptTakesTablesByName(t *testing.T) {
	s := newShell(t)
	file, keys := tables(t, "cert-ed25519")
	table := filepath.Join(keys, "a.keys")
	if err := os.Rename(filepath.Join(keys, "esp_sa"), table); err != nil {
		t.Fatal(err)
	}
	s.run(exitOK, "decrypt", file, "--keys", table, "--keys", filepath.Join(keys, "ikev2_decryption_table"))
	if !strings.Contains(s.err.String(), "opened 18 of 18 messages of IKE and 6 of 6 packets of ESP") {
		t.Errorf("said %s", s.err.String())
	}
}

// What is written can be read again: the packets inside are IP packets of their own.
func TestDecryptWritesAFile(t *testing.T) {
	s := newShell(t)
	file, keys := tables(t, "cert-ed25519")
	out := filepath.Join(t.TempDir(), "clear.pcapng")
	s.run(exitOK, "decrypt", file, "--keys", keys, "-o", out)
	if s.out.Len() > 0 {
		t.Errorf("said %s", s.out.String())
	}
	s.run(exitOK, "decrypt", out, "--json")
	if !strings.Contains(s.out.String(), `"packets":30`) {
		t.Errorf("the file has %s", s.out.String())
	}
}

func TestDecryptTellsWhatItPassesOver(t *testing.T) {
	s := newShell(t)
	s.run(exitOK, "decrypt", "../../../capture/testdata/ikev1-certs.pcap")
	if !strings.Contains(s.err.String(), "passed over 10 messages of IKEv1 and 0 packets of AH, which are not read\n") {
		t.Errorf("said %s", s.err.String())
	}
}

func TestDecryptRefuses(t *testing.T) {
	s := newShell(t)
	file, _ := tables(t, "cert-ed25519")
	s.run(exitUsage, "decrypt")
	s.run(exitUsage, "decrypt", "absent.pcap")
	s.run(exitUsage, "decrypt", "decrypt_test.go")
	s.run(exitUsage, "decrypt", file, "--keys", t.TempDir())
	s.run(exitUsage, "decrypt", file, "--keys", "absent")
	s.run(exitUsage, "decrypt", file, "--keys", "decrypt_test.go")
	s.run(exitUsage, "decrypt", file, "-o", "/nowhere/x")
}
