package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/capture"
)

// shooter is a daemon with packets.
type shooter struct {
	*apitest.Fake
	asked api.CaptureRequest
	cut   bool
}

// Capture is that of api.Capturer.
func (s *shooter) Capture(_ context.Context, r api.CaptureRequest, w io.Writer) error {
	s.asked = r
	if s.cut {
		_, err := io.WriteString(w, "packets")
		return err
	}
	file, err := capture.NewWriter(w, capture.About{})
	if err == nil {
		err = errors.Join(file.Write(&capture.Packet{Data: []byte("packets")}), file.End([3]uint64{0, 5, 2}, ""))
	}
	return err
}

func TestCaptureWritesAFile(t *testing.T) {
	f := &shooter{Fake: apitest.New(1)}
	s := newShell(t)
	s.vars["CULVERT_SOCKET"] = apitest.Serve(t, f)
	file := filepath.Join(t.TempDir(), "a.pcapng")
	s.run(exitOK, "capture", "office", "--ike", "--inner", "-w", "30s", "--snap", "128", "--keys", "-o", file)
	if r := f.asked; r.Connection != "office" || !slices.Equal(r.Layers, []string{"ike", "inner"}) || r.Seconds != 30 || r.Snap != 128 || !r.Keys || r.Packets != 0 {
		t.Errorf("asked for %+v", r)
	}
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), "packets") {
		t.Errorf("the file has %q, %v", text, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	s.run(exitOK, "capture", "-w", "1000")
	if !strings.Contains(s.err.String(), "of packets written, 1 packet\n7 more were lost") || f.asked.Packets != 1000 {
		t.Errorf("said %q, %q of %+v", s.out.String(), s.err.String(), f.asked)
	}
	f.cut = true
	s.run(exitOK, "capture")
	if s.out.String() != "packets" || !strings.Contains(s.err.String(), "7 B written; the file ends early") {
		t.Errorf("said %q, %q", s.out.String(), s.err.String())
	}
	for _, end := range []string{"soon", "0", "-3", "25h"} {
		s.run(exitUsage, "capture", "-w="+end)
	}
	s.env.Terminal = true
	s.run(exitUsage, "capture")
}
