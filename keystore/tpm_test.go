package keystore

import (
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// keyFilePEM makes a TSS2 PRIVATE KEY of these fields.
func keyFilePEM(optional func(*cryptobyte.Builder), parent int64, public, private []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(der.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes([]byte{0x67, 0x81, 0x05, 0x0a, 0x01, 0x03}) })
		optional(b)
		b.AddASN1Int64(parent)
		b.AddASN1OctetString(public)
		b.AddASN1OctetString(private)
	})
	return pem.EncodeToMemory(&pem.Block{Type: "TSS2 PRIVATE KEY", Bytes: b.BytesOrPanic()})
}

func emptyAuth(yes bool) func(*cryptobyte.Builder) {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(der.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddASN1Boolean(yes) })
	}
}

func TestParseKeyFile(t *testing.T) {
	f, err := parseKeyFile(keyFilePEM(emptyAuth(true), 0x40000001, []byte{0, 1, 7}, []byte{0, 2, 8, 9}))
	if err != nil || f.parent != 0x40000001 || string(f.private.Buffer) != "\x08\x09" {
		t.Errorf("got %+v, %v", f, err)
	}
	policy := func(b *cryptobyte.Builder) {
		b.AddASN1(der.Tag(1).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddASN1Int64(1) })
	}
	whole := keyFilePEM(emptyAuth(true), 0x40000001, []byte{0, 1, 7}, []byte{0, 1, 8})
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"policy":         {keyFilePEM(policy, 0x40000001, []byte{0, 1, 7}, []byte{0, 1, 8}), "policy"},
		"no PEM":         {[]byte("gw"), "not a TSS2"},
		"another key":    {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}}), "not a TSS2"},
		"lying length":   {keyFilePEM(emptyAuth(true), 0x40000001, []byte{9, 9, 7}, []byte{0, 1, 8}), ""},
		"cut in the PEM": {whole[:len(whole)/2], "not a TSS2"},
	} {
		if _, err := parseKeyFile(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func FuzzParseKeyFile(f *testing.F) {
	for _, b := range [][]byte{keyFilePEM(emptyAuth(true), 0x40000001, []byte{0, 1, 7}, []byte{0, 1, 8}), keyFilePEM(emptyAuth(false), 0x81000001, nil, nil)} {
		block, _ := pem.Decode(b)
		f.Add(block.Bytes)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = parseKeyFile(pem.EncodeToMemory(&pem.Block{Type: "TSS2 PRIVATE KEY", Bytes: b}))
	})
}

func TestTPMNamesThatAreNone(t *testing.T) {
	for name, want := range map[string]string{
		"0x40000001":                       "no persistent TPM handle",
		"0x810000000":                      "no persistent TPM handle",
		"0xno":                             "no persistent TPM handle",
		filepath.Join(t.TempDir(), "none"): "no such file",
	} {
		if _, err := (Store{}).Open(TPM, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, err := (Store{Device: filepath.Join(t.TempDir(), "none")}).Open(TPM, "0x81000001"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a device: %v", err)
	}
}

func TestTPMThatHangsUpIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tpm.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if conn, err := l.Accept(); err == nil {
			conn.Close()
		}
	}()
	if _, err := (Store{Device: path}).Open(TPM, "0x81000001"); err == nil || !strings.Contains(err.Error(), "TPM:") {
		t.Errorf("got %v", err)
	}
}
