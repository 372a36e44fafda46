package api

import (
	"context"
	"net"
	"path/filepath"
	"testing"
)

// A process of which the kernel tells nothing is nobody, not uid 0.
func TestUnknownProcessIsNobody(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	theirs, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(newQuiet(8), "test")
	if c := CallerOf(s.fromSocket(context.Background(), conn)); c.Role == Nobody || c.Name == "" {
		t.Errorf("whoever is known is %+v", c)
	}
	if err := conn.Close(); err != nil { // no questions can be asked of it any more
		t.Fatal(err)
	}
	if c := CallerOf(s.fromSocket(context.Background(), conn)); c.Role != Nobody || c.Name != "" {
		t.Errorf("%+v", c)
	}
}
