package bugreport

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func noon() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) }

// unpacked returns the files of an archive.
func unpacked(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil || h.Mode != 0o600 {
			t.Fatalf("%s: mode %o, %v", h.Name, h.Mode, err)
		}
		files[strings.TrimPrefix(h.Name, "culvert-bugreport-20260501T120000Z/")] = string(b)
	}
}

func text(s string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return []byte(s), nil }
}

func TestArchiveSaysWhatIsInIt(t *testing.T) {
	s := &Cleaner{Scrubber: NewScrubber([][]byte{[]byte("open sesame"), []byte("abc"), []byte("open sesame")})}
	var b bytes.Buffer
	entries, err := Write(t.Context(), &b, []Source{
		{"log.txt", "the log", text("says open sesame twice: open sesame")},
		{"large.txt", "much", text(strings.Repeat("x", largest) + "end")},
		{"gone.txt", "nothing", func(context.Context) ([]byte, error) { return nil, errors.New("no | open sesame\nthere") }},
	}, s, noon())
	if err != nil || len(entries) != 3 {
		t.Fatalf("%+v, %v", entries, err)
	}
	files := unpacked(t, b.Bytes())
	if got := files["log.txt"]; got != "says [redacted] twice: [redacted]" {
		t.Errorf("log %q", got)
	}
	if got := files["large.txt"]; len(got) != largest || !strings.HasSuffix(got, "end") {
		t.Errorf("large: %d octets", len(got))
	}
	if _, there := files["gone.txt"]; there {
		t.Error("an empty file is there")
	}
	for _, want := range []string{"| log.txt | the log | 33 | 2 secrets taken out |", "| only the end is here |", "| gone.txt | nothing | 0 | problem: no / [redacted] there |", ": 1 of the configuration"} {
		if !strings.Contains(files["MANIFEST.md"], want) {
			t.Errorf("no %q in\n%s", want, files["MANIFEST.md"])
		}
	}
}

func TestInterruptionLeavesNoArchive(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var b bytes.Buffer
	if _, err := Write(ctx, &b, []Source{{"a", "b", text("c")}}, &Cleaner{Scrubber: &Scrubber{}}, noon()); !errors.Is(err, context.Canceled) || b.Len() > 0 {
		t.Errorf("%v, %d octets", err, b.Len())
	}
}

func TestSecretsAreFoundHoweverTheyAreWritten(t *testing.T) {
	secret := []byte("correct \"horse\" \x01\xfe battery")
	digits := hex.EncodeToString(secret)
	written := map[string]string{
		"raw": string(secret), "hex": digits, "capital hex": strings.ToUpper(digits), "hex with colons": spaced(digits, ":"), "hex with spaces": spaced(digits, " "),
		"base64": base64.StdEncoding.EncodeToString(secret), "base64 for URLs": base64.RawURLEncoding.EncodeToString(secret),
	}
	for before := range 4 {
		written[fmt.Sprintf("base64 behind %d", before)] = base64.StdEncoding.EncodeToString(append(bytes.Repeat([]byte{7}, before), append(secret, "and more"...)...))
	}
	s := NewScrubber([][]byte{secret})
	for name, w := range written {
		if got, n := s.Scrub([]byte("before " + w + " after")); n == 0 || strings.Contains(string(got), w) || !strings.HasPrefix(string(got), "before ") || !strings.HasSuffix(string(got), " after") {
			t.Errorf("%s: %d in %q", name, n, got)
		}
	}
	if got, n := s.Scrub([]byte("nothing of it")); n != 0 || string(got) != "nothing of it" {
		t.Errorf("%d in %q", n, got)
	}
}

// What the daemon knows is taken out as well, also where a text is cut; a text that it has not searched says so.
func TestDaemonSearchesForWhatItAloneKnows(t *testing.T) {
	theirs := NewScrubber([][]byte{[]byte("loaded elsewhere")})
	s := &Cleaner{Scrubber: NewScrubber([][]byte{[]byte("open sesame")}), Daemon: func(_ context.Context, b []byte) ([]byte, int, error) {
		if bytes.Contains(b, []byte("too much")) {
			return nil, 0, errors.New("it | is too long")
		}
		clean, n := theirs.Scrub(b)
		return clean, n, nil
	}}
	var b bytes.Buffer
	entries, err := Write(t.Context(), &b, []Source{
		{"log.txt", "the log", text("open sesame and loaded elsewhere")},
		{"cut.txt", "much", text("loaded elsewhere" + strings.Repeat("x", largest+margin-9))},
		{"odd.txt", "odd", text("open sesame, too much")},
	}, s, noon())
	if err != nil {
		t.Fatal(err)
	}
	files := unpacked(t, b.Bytes())
	if got := files["log.txt"]; got != "[redacted] and [redacted]" || entries[0].Removed != 2 {
		t.Errorf("log %q, %d places", got, entries[0].Removed)
	}
	if got := files["cut.txt"]; strings.Trim(got, "x") != "" || len(got) != largest || !entries[1].Cut {
		t.Errorf("%.40q has a part of a secret; %d octets", got, len(got))
	}
	if got := files["odd.txt"]; got != "[redacted], too much" || !strings.Contains(files["MANIFEST.md"], "1 secrets taken out; not searched") && !strings.Contains(files["MANIFEST.md"], "not searched by the daemon: it / is too long") {
		t.Errorf("%q, manifest\n%s", got, files["MANIFEST.md"])
	}
}

// Thousands of accounts do not make a search slow, and secrets that overlap go as a whole.
func TestManySecretsAreFoundAtOnce(t *testing.T) {
	secrets := [][]byte{[]byte("begin-middle"), []byte("middle-end")}
	for i := range 5000 {
		secrets = append(secrets, fmt.Appendf(nil, "password-%d-of-somebody", i))
	}
	s := NewScrubber(secrets)
	got, n := s.Scrub([]byte("a begin-middle-end b password-4999-of-somebody c" + strings.Repeat(" line", 1<<20)))
	if n != 2 || !strings.HasPrefix(string(got), "a [redacted] b [redacted] c line") {
		t.Errorf("%d places in %.60q", n, got)
	}
}
