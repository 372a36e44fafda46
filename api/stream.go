package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"culvert/explain"
)

// The names of events in streams.
const (
	streamItem    = "item"    // an Event or LogEntry
	streamGap     = "gap"     // a Gap
	streamProblem = "problem" // a Problem: a command has failed; the last one
	streamDone    = "done"    // a command has succeeded; the last one
)

// errNotPermitted ends a stream whose reader has lost the right to it.
var errNotPermitted = errors.New("the caller may not read this any more")

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// streaming describes an operation that answers with server-sent events.
func streaming(op huma.Operation) huma.Operation {
	op.Responses["200"] = &huma.Response{
		Description: "Server-sent events: item, gap, and with up at last done or problem",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
	return op
}

// A stream writes server-sent events to one client. A client that does not read is given up after a while, so that it
// holds nothing but its own goroutine.
type stream struct {
	life    string // of the daemon: numbers of another one mean nothing
	w       http.ResponseWriter
	control *http.ResponseController

	every     time.Duration // between looks at whether the caller may still read
	checked   time.Time
	permitted func() bool
}

// respond makes an answer of a function that writes a stream of events.
func (s *Server) respond(write func(context.Context, *stream) error) *huma.StreamResponse {
	return s.answerSlowly(func(ctx context.Context, st *stream) {
		st.w.Header().Set("Content-Type", "text/event-stream")
		if st.comment() == nil { // sends the header, so that the client knows that it is connected
			_ = write(ctx, st) // an error is that of a client which has gone
		}
	})
}

// answerSlowly makes an answer that takes its time. Its context ends with the request and with the server.
func (s *Server) answerSlowly(answer func(context.Context, *stream)) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		caller := CallerOf(r.Context())
		if !s.streams.take(caller.Name) {
			writeProblem(w, NewProblem(http.StatusTooManyRequests, explain.ManageBusy, "", "%s has %d streams open", caller.Name, mostStreamsEach))
			return
		}
		defer s.streams.give(caller.Name)
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(s.ended, cancel)()
		w.Header().Set("Cache-Control", "no-store")
		answer(ctx, &stream{life: s.life, w: w, control: http.NewResponseController(w), every: s.heartbeat, checked: time.Now(),
			permitted: func() bool { return caller.now() >= roleOf(hc.Operation()) }})
	}}
}

// send writes one event.
func (st *stream) send(name string, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return st.write(fmt.Sprintf("event: %s\ndata: %s\n\n", name, body))
}

// item writes an event or log entry with a name by which a reader can go on after it.
func (st *stream) item(seq uint64, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return st.write(fmt.Sprintf("id: %s-%d\nevent: %s\ndata: %s\n\n", st.life, seq, streamItem, body))
}

// comment writes a sign of life.
func (st *stream) comment() error { return st.write(":\n\n") }

func (st *stream) write(text string) error {
	if time.Since(st.checked) >= st.every {
		if st.checked = time.Now(); !st.permitted() {
			return errNotPermitted
		}
	}
	if err := st.control.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := st.w.Write([]byte(text)); err != nil {
		return err
	}
	return st.control.Flush()
}

// copyFeed writes what a reader finds until the context ends, with signs of life in quiet times.
func copyFeed[T any](ctx context.Context, st *stream, r *Reader[T], heartbeat time.Duration, wanted func(T) bool) error {
	for ctx.Err() == nil {
		waiting, cancel := context.WithTimeout(ctx, heartbeat)
		item, missed, err := r.Read(waiting)
		cancel()
		switch {
		case err != nil && ctx.Err() != nil:
		case err != nil:
			err = st.comment()
		case missed > 0:
			err = st.send(streamGap, Gap{missed})
		case wanted(item):
			err = st.item(r.next-1, item)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// A Place is where a stream begins.
type Place struct {
	Backlog int    `query:"backlog" minimum:"0" maximum:"100000" doc:"Begin with this many items of the past"`
	Since   uint64 `query:"since" doc:"Begin behind the item with this number"`
	Last    string `header:"Last-Event-ID" maxLength:"64" doc:"Begin behind the item with this id, as browsers do that were cut off; behind nothing if it is of a daemon that was"`
	Once    bool   `query:"once" doc:"End with what has happened already"`
}

// readerAt finds the place in a feed.
func readerAt[T any](s *Server, f *Feed[T], p Place) *Reader[T] {
	if life, number, ok := strings.Cut(p.Last, "-"); ok {
		seq, err := strconv.ParseUint(number, 10, 64)
		if err != nil || life != s.life {
			seq = 0
		}
		return f.Since(seq)
	}
	if p.Since > 0 {
		return f.Since(p.Since)
	}
	return f.Tail(p.Backlog)
}

type eventsInput struct {
	Place
	Connection string   `query:"connection" maxLength:"64" doc:"Only those of this connection"`
	Kind       []string `query:"kind" maxItems:"32" doc:"Only those of these kinds, with commas between them"`
	Match      string   `query:"match" maxLength:"128" doc:"Only those of which text or peer has this in it; case does not count"`
}

func (in *eventsInput) wants(e Event) bool {
	return (in.Connection == "" || e.Connection == in.Connection) && (len(in.Kind) == 0 || slices.Contains(in.Kind, string(e.Kind))) && holds(in.Match, e.Text, e.Peer)
}

// holds reports whether one of some texts has a part in it, whatever the case.
func holds(part string, texts ...string) bool {
	part = strings.ToLower(part)
	return part == "" || slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(strings.ToLower(t), part) })
}

func (s *Server) events(_ context.Context, in *eventsInput) (*huma.StreamResponse, error) {
	return copyResponse(s, readerAt(s, s.control.Events(), in.Place), in.Once, in.wants), nil
}

// copyResponse makes a response of what a reader finds, for ever or once.
func copyResponse[T any](s *Server, r *Reader[T], once bool, wanted func(T) bool) *huma.StreamResponse {
	below := r.feed.Next()
	return s.respond(func(ctx context.Context, st *stream) error {
		if !once {
			return copyFeed(ctx, st, r, s.heartbeat, wanted)
		}
		if err := copyPast(st, r, below, wanted); err != nil {
			return err
		}
		return st.send(streamDone, struct{}{})
	})
}

// copyPast writes the items below a number, which have been published already.
func copyPast[T any](st *stream, r *Reader[T], below uint64, wanted func(T) bool) error {
	for r.next < below {
		item, missed, err := r.Read(context.Background())
		switch {
		case missed > 0:
			err = st.send(streamGap, Gap{missed})
		case wanted(item):
			err = st.item(r.next-1, item)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type logInput struct {
	Place
	Level      string `query:"level" enum:"debug,info,warn,error" default:"debug" doc:"The least severe entries that are wanted"`
	Connection string `query:"connection" maxLength:"64" doc:"Only those about this connection"`
	Match      string `query:"match" maxLength:"128" doc:"Only those that have this in text or values; case does not count"`
}

func (in *logInput) wants(e LogEntry) bool {
	if severity(e.Level) < severity(in.Level) || in.Connection != "" && e.Attrs["connection"] != in.Connection {
		return false
	}
	return holds(in.Match, e.Text) || holds(in.Match, slices.Collect(maps.Values(e.Attrs))...)
}

func (s *Server) log(_ context.Context, in *logInput) (*huma.StreamResponse, error) {
	return copyResponse(s, readerAt(s, s.control.Log(), in.Place), in.Once, in.wants), nil
}

// writeProblem answers with a problem outside of any operation.
func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client has gone if this fails
}
