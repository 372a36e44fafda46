package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"culvert/api"
	"culvert/api/apitest"
)

// keyed is a daemon with keys.
type keyed struct {
	*apitest.Fake
	asked api.KeyRequest
}

// ExportKeys is that of api.KeyExporter.
func (f *keyed) ExportKeys(_ context.Context, r api.KeyRequest, each func(api.KeyLine) error) error {
	f.asked = r
	for _, l := range []api.KeyLine{{Table: "culvert_keys", Line: "esp,1\n"}, {Table: "culvert_keys", Line: "esp,2\n"}, {Table: "esp_sa", Line: "one\n"}} {
		if err := each(l); err != nil {
			return err
		}
	}
	return nil
}

func TestKeysExportWritesTables(t *testing.T) {
	f := &keyed{Fake: apitest.New(1)}
	s := newShell(t)
	s.vars["CULVERT_SOCKET"] = apitest.Serve(t, f)
	dir := filepath.Join(t.TempDir(), "keys")
	s.run(exitOK, "keys", "export", "--connection", "office", "--for", "10m", "-o", dir)
	if f.asked.Connection != "office" || f.asked.Seconds != 600 {
		t.Errorf("asked for %+v", f.asked)
	}
	if got := s.out.String(); !strings.Contains(got, "keys of 2 SAs are in") || !strings.Contains(got, "Wireshark can use 1") {
		t.Errorf("said %q", got)
	}
	for table, want := range map[string]string{"culvert_keys": "esp,1\nesp,2\n", "esp_sa": "one\n"} {
		text, err := os.ReadFile(filepath.Join(dir, table))
		if err != nil || string(text) != want {
			t.Errorf("%s has %q, %v", table, text, err)
		}
	}
}

func TestKeysExportRefuses(t *testing.T) {
	s := newShell(t)
	s.run(exitUsage, "keys", "export")
	s.run(exitUsage, "keys", "export", "-o", t.TempDir(), "--for", "2h")
}
