package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
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
		answer(ctx, &stream{w: w, control: http.NewResponseController(w), every: s.heartbeat, checked: time.Now(),
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
			err = st.send(streamItem, item)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

type eventsInput struct {
	Backlog    int    `query:"backlog" minimum:"0" maximum:"100000" doc:"Begin with this many events of the past"`
	Since      uint64 `query:"since" doc:"Begin behind the event with this number"`
	Connection string `query:"connection" doc:"Only those of this connection"`
	Once       bool   `query:"once" doc:"End with what has happened already"`
}

func (s *Server) events(_ context.Context, in *eventsInput) (*huma.StreamResponse, error) {
	reader := s.control.Events().Tail(in.Backlog)
	if in.Since > 0 {
		reader = s.control.Events().Since(in.Since)
	}
	wanted := func(e Event) bool { return in.Connection == "" || e.Connection == in.Connection }
	return copyResponse(s, reader, in.Once, wanted), nil
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
			err = st.send(streamItem, item)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type logInput struct {
	Backlog int    `query:"backlog" minimum:"0" maximum:"100000" doc:"Begin with this many entries of the past"`
	Level   string `query:"level" enum:"debug,info,warn,error" default:"debug" doc:"The least severe entries that are wanted"`
	Once    bool   `query:"once" doc:"End with what was logged already"`
}

func (s *Server) log(_ context.Context, in *logInput) (*huma.StreamResponse, error) {
	least := severity(in.Level)
	wanted := func(e LogEntry) bool { return severity(e.Level) >= least }
	return copyResponse(s, s.control.Log().Tail(in.Backlog), in.Once, wanted), nil
}

// writeProblem answers with a problem outside of any operation.
func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client has gone if this fails
}
