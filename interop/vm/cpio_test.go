package vm

import (
	"bytes"
	"errors"
	"strconv"
	"testing"
)

// The archive as its documentation describes it, with every header and content on a multiple of 4.
func TestArchive(t *testing.T) {
	var b bytes.Buffer
	a := &archive{w: &b}
	a.dir("usr")
	a.file("usr/five", []byte("12345"))
	a.symlink("bin", "usr/bin")
	a.device("console", 5, 1)
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	want := []struct {
		name, content string
		mode          uint64
	}{
		{"usr", "", 0o040755}, {"usr/five", "12345", 0o100755}, {"bin", "usr/bin", 0o120777}, {"console", "", 0o020600}, {"TRAILER!!!", "", 0},
	}
	rest := b.Bytes()
	for _, w := range want {
		if len(rest) < 110 || string(rest[:6]) != "070701" {
			t.Fatalf("no header before %s", w.name)
		}
		field := func(i int) uint64 {
			n, err := strconv.ParseUint(string(rest[6+8*i:14+8*i]), 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		mode, size, nameSize := field(1), field(6), field(11)
		content := (110 + nameSize + 3) &^ 3
		if name := string(rest[110 : 110+nameSize-1]); name != w.name || mode != w.mode || string(rest[content:content+size]) != w.content {
			t.Errorf("got %s, mode %o, content %q, want %+v", name, mode, rest[content:content+size], w)
		}
		rest = rest[(content+size+3)&^3:]
	}
	if len(rest) != 0 {
		t.Errorf("%d octets behind the trailer", len(rest))
	}
}

func TestArchiveReportsTheFirstError(t *testing.T) {
	a := &archive{w: full{}}
	a.dir("usr")
	if err := a.close(); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
