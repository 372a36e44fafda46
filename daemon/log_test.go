package daemon

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"culvert/api"
	"culvert/config"
	"culvert/secret"
)

func logger(w *bytes.Buffer, format config.LogFormat, journal bool) (*slog.Logger, *slog.LevelVar, *api.Feed[api.LogEntry]) {
	feed, level := api.NewLogFeed(16), new(slog.LevelVar)
	return newLogger(w, &config.Daemon{LogFormat: format}, journal, level, feed), level, feed
}

func TestLogFormats(t *testing.T) {
	tests := []struct {
		name    string
		format  config.LogFormat
		journal bool
		want    string
	}{
		{"text", config.LogText, true, `level=WARN msg="it happened" sa=1234 code=IKE-TIMEOUT`},
		{"JSON", config.LogJSON, true, `"msg":"it happened","sa":"1234","code":"IKE-TIMEOUT"`},
		{"journal", config.LogJournal, false, "<4>it happened sa=1234 code=IKE-TIMEOUT\n"},
		{"chosen, under systemd", config.LogAuto, true, "<4>it happened sa=1234 code=IKE-TIMEOUT\n"},
		{"chosen, elsewhere", config.LogAuto, false, `msg="it happened"`},
	}
	for _, tt := range tests {
		var b bytes.Buffer
		log, _, _ := logger(&b, tt.format, tt.journal)
		log.With("sa", "1234").Warn("it happened", "code", "IKE-TIMEOUT")
		if !strings.Contains(b.String(), tt.want) {
			t.Errorf("%s: %q", tt.name, b.String())
		}
	}
}

func TestJournalPriorities(t *testing.T) {
	var b bytes.Buffer
	log, level, _ := logger(&b, config.LogJournal, false)
	level.Set(slog.LevelDebug)
	log.Debug("d")
	log.Info("i")
	log.Warn("w")
	log.Error("e")
	if got, want := b.String(), "<7>d\n<6>i\n<4>w\n<3>e\n"; got != want {
		t.Errorf("got %q", got)
	}
}

// What a peer has sent can neither begin a line of its own nor pass for a key.
func TestJournalKeepsOneLinePerEvent(t *testing.T) {
	var b bytes.Buffer
	log, _, _ := logger(&b, config.LogJournal, false)
	log.Info("peer \n<0>forged", "id", "a\n<0>b", "peer", `x" code=Y`, "empty", "", "plain", "gw.example.org", "invalid", "\xff")
	got := b.String()
	if strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "\n") || strings.Count(got, "<0>") != 2 {
		t.Errorf("got %q", got)
	}
	if !says(got, `id="a\n<0>b"`, `peer="x\" code=Y"`, `empty=""`, "plain=gw.example.org", `invalid="\xff"`) {
		t.Errorf("got %q", got)
	}
}

func TestLogLevelHoldsForStreamToo(t *testing.T) {
	var b bytes.Buffer
	log, level, feed := logger(&b, config.LogText, false)
	log.Debug("not yet")
	level.Set(slog.LevelDebug)
	log.Debug("now")
	if feed.Next() != 2 || strings.Contains(b.String(), "not yet") {
		t.Errorf("%d lines, %q", feed.Next()-1, b.String())
	}
}

func TestLogStreamHasAttributes(t *testing.T) {
	var b bytes.Buffer
	log, _, feed := logger(&b, config.LogText, false)
	one := log.With("sa", "1")
	two := log.With("sa", "2")
	one.With("child", "net").Error("first", "n", 7)
	two.WithGroup("ignored").Info("second")
	reader := feed.Since(0)
	for _, want := range []string{
		`{"seq":1,"level":"ERROR","text":"first","attrs":{"child":"net","n":"7","sa":"1"}}`,
		`{"seq":2,"level":"INFO","text":"second","attrs":{"sa":"2"}}`,
	} {
		entry, _, err := reader.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(struct {
			Seq   uint64            `json:"seq"`
			Level string            `json:"level"`
			Text  string            `json:"text"`
			Attrs map[string]string `json:"attrs"`
		}{entry.Seq, entry.Level, entry.Text, entry.Attrs})
		if err != nil || string(text) != want {
			t.Errorf("got %s, %v; want %s", text, err, want)
		}
	}
}

func TestSecretsInTheLogAreRedacted(t *testing.T) {
	for _, format := range []config.LogFormat{config.LogText, config.LogJSON, config.LogJournal} {
		var b bytes.Buffer
		log, _, feed := logger(&b, format, false)
		log.Info("x", "key", secret.Bytes("hunter2"))
		entry, _, err := feed.Since(0).Read(t.Context())
		if err != nil || strings.Contains(b.String()+entry.Attrs["key"], "hunter2") {
			t.Errorf("%s: %q, %+v, %v", format, b.String(), entry, err)
		}
	}
}

// Loggers that were made of one another do not mix their lines.
func TestJournalOfManyGoroutines(t *testing.T) {
	var b bytes.Buffer
	log, _, _ := logger(&b, config.LogJournal, false)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			mine := log.With("sa", "1234")
			for range 50 {
				mine.Info("line")
			}
		})
	}
	wg.Wait()
	if got := strings.Count(b.String(), "<6>line sa=1234\n"); got != 200 {
		t.Errorf("%d whole lines", got)
	}
}
