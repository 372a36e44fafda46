package daemon

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// A journalHandler writes lines with the priority prefix that systemd's journal reads from standard error
// (sd-daemon(3)); the journal adds the time.
type journalHandler struct {
	mu    *sync.Mutex // of w
	w     io.Writer
	level slog.Leveler
	attrs string
}

func newJournalHandler(w io.Writer, level slog.Leveler) *journalHandler {
	return &journalHandler{mu: new(sync.Mutex), w: w, level: level}
}

// Enabled tells whether lines of a level are written.
func (h *journalHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

// Handle writes one line.
func (h *journalHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	fmt.Fprintf(&b, "<%d>%s%s", priority(r.Level), oneLine(r.Message), h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		writeAttr(&b, a)
		return true
	})
	b.WriteByte('\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.w, b.String())
	return err
}

// WithAttrs returns a handler that adds attributes to each line.
func (h *journalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	b.WriteString(h.attrs)
	for _, a := range attrs {
		writeAttr(&b, a)
	}
	return &journalHandler{mu: h.mu, w: h.w, level: h.level, attrs: b.String()}
}

// WithGroup returns the handler itself: the daemon's keys are flat.
func (h *journalHandler) WithGroup(string) slog.Handler { return h }

func writeAttr(b *strings.Builder, a slog.Attr) {
	v := a.Value.String()
	if v == "" || strings.ContainsAny(v, ` "=`) || !plain(v) {
		v = strconv.Quote(v)
	}
	fmt.Fprintf(b, " %s=%s", a.Key, v)
}

// oneLine keeps a message, which may show what a peer has sent, from beginning a line of its own.
func oneLine(s string) string {
	if plain(s) {
		return s
	}
	return strconv.Quote(s)
}

// plain tells whether a text can be printed as it is.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// priority maps levels to those of syslog(3).
func priority(l slog.Level) int {
	switch {
	case l >= slog.LevelError:
		return 3
	case l >= slog.LevelWarn:
		return 4
	case l >= slog.LevelInfo:
		return 6
	}
	return 7
}
