package daemon

import (
	"context"
	"io"
	"log/slog"

	"culvert/api"
	"culvert/config"
)

// A logFeed passes log lines to a handler and to the readers of the log stream.
type logFeed struct {
	slog.Handler
	feed  *api.Feed[api.LogEntry]
	attrs []slog.Attr
}

// newLogger writes to w in the configured format, and to the feed.
func newLogger(w io.Writer, d *config.Daemon, journal bool, level *slog.LevelVar, feed *api.Feed[api.LogEntry]) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	format := d.LogFormat
	if format == config.LogAuto {
		format = config.LogText
		if journal {
			format = config.LogJournal
		}
	}
	var h slog.Handler
	switch format {
	case config.LogJSON:
		h = slog.NewJSONHandler(w, options)
	case config.LogJournal:
		h = newJournalHandler(w, level)
	default:
		h = slog.NewTextHandler(w, options)
	}
	return slog.New(&logFeed{Handler: h, feed: feed})
}

// Handle publishes a line and passes it on.
func (h *logFeed) Handle(ctx context.Context, r slog.Record) error {
	entry := api.LogEntry{Time: r.Time, Level: r.Level.String(), Text: r.Message, Attrs: make(map[string]string, r.NumAttrs()+len(h.attrs))}
	keep := func(a slog.Attr) bool {
		entry.Attrs[a.Key] = a.Value.String()
		return true
	}
	for _, a := range h.attrs {
		keep(a)
	}
	r.Attrs(keep)
	h.feed.Publish(entry)
	return h.Handler.Handle(ctx, r)
}

// WithAttrs returns a handler that adds attributes to each line.
func (h *logFeed) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &logFeed{Handler: h.Handler.WithAttrs(attrs), feed: h.feed, attrs: append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup returns a handler that puts attributes into a group; the daemon uses none.
func (h *logFeed) WithGroup(name string) slog.Handler {
	return &logFeed{Handler: h.Handler.WithGroup(name), feed: h.feed, attrs: h.attrs}
}
