package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"culvert/api"
	"culvert/legible"
	"culvert/trace/diagram"
)

// A traceFollower writes a trace, and goes on with what is added to it or to the next one of the connection.
type traceFollower struct {
	*app
	client *api.Client
	word   string
	tracing
	id       string
	messages int       // that were written or left out
	marked   time.Time // the last mark that was written
}

func (f *traceFollower) run(ctx context.Context) error {
	if f.format != "text" && f.format != "json" {
		return usage("--follow writes text or json, no %s", f.format)
	}
	if err := f.look(ctx); err != nil {
		return err
	}
	return f.client.Events(ctx, api.Follow{}, func(api.Event) error { return f.look(ctx) }, func(uint64) {})
}

// look writes what is new. That there is nothing yet is no reason to stop.
func (f *traceFollower) look(ctx context.Context) error {
	id, err := findTrace(ctx, f.client, f.word, false)
	if err != nil {
		return unlessMissing(err)
	}
	t, err := f.client.Trace(ctx, id)
	if err != nil {
		return unlessMissing(err)
	}
	began := f.id != id
	if began {
		f.id, f.messages, f.marked = id, 0, time.Time{}
	}
	f.write(&t, began)
	return nil
}

// unlessMissing passes errors on but those about what is not there.
func unlessMissing(err error) error {
	var p *api.Problem
	if errors.As(err, &p) && exitCode(err) == exitNotFound {
		return nil
	}
	return err
}

// write writes the messages and marks that were not written before.
func (f *traceFollower) write(t *api.Trace, began bool) {
	total := len(t.Messages) + t.Forgotten
	fresh := max(0, min(total-f.messages, len(t.Messages)))
	from := len(t.Messages) - fresh
	marks := slices.DeleteFunc(slices.Clone(t.Marks), func(m api.TraceMark) bool { return !m.Time.After(f.marked) })
	f.messages = total
	if n := len(marks); n > 0 {
		f.marked = marks[n-1].Time
	}
	if began {
		f.draw(t, f.tracing)
		return
	}
	if fresh == 0 && len(marks) == 0 {
		return
	}
	for i := range marks {
		marks[i].After = max(0, marks[i].After-from)
	}
	t.Messages, t.Marks = t.Messages[from:], marks
	if f.format == "json" {
		f.printJSON(t)
		return
	}
	fmt.Fprint(f.Out, legible.Clean(diagram.Tail(t, f.out().width, f.verbose)))
}
