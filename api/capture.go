package api

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"culvert/explain"
)

// A Capturer is a Control that shows packets. It writes to log and events who has asked, at the beginning and at the end.
type Capturer interface {
	// Capture writes a pcapng file until its end, or until the context ends. A reader that is too slow loses packets, which the
	// file tells. An error before the first octet is a refusal.
	Capture(ctx context.Context, r CaptureRequest, w io.Writer) error
}

// A CaptureRequest says which packets are wanted.
type CaptureRequest struct {
	Connection string   `json:"connection,omitempty" maxLength:"64" doc:"Name of the connection; empty: all, and packets that belong to none"`
	Layers     []string `json:"layers,omitempty" enum:"ike,esp,inner" maxItems:"3" doc:"Empty: all"`
	Snap       int      `json:"snap,omitempty" minimum:"0" maximum:"262144" doc:"Octets of each packet that are kept; 0: all"`
	Packets    int      `json:"packets,omitempty" minimum:"0" doc:"End after so many; 0: go on"`
	Seconds    float64  `json:"seconds,omitempty" minimum:"0" maximum:"86400" doc:"End after this time; 0: go on"`
	Name       string   `json:"name,omitempty" maxLength:"64" doc:"By which capture/end ends it with its statistics; nobody else's"`
	Keys       bool     `json:"keys,omitempty" doc:"Put session keys into the file, so that culvert decrypt needs nothing else"`
}

// For is the time after which a capture ends; 0: it goes on.
func (r CaptureRequest) For() time.Duration { return time.Duration(r.Seconds * float64(time.Second)) }

type captureInput struct{ Body CaptureRequest }

// registerCapture describes captures.
func (s *Server) registerCapture(api huma.API) {
	op := operation(api, http.MethodPost, "capture", Administer, "Packets of IKE, ESP and inside of tunnels, as a pcapng file with comments")
	op.Responses["200"] = &huma.Response{Description: "A pcapng file, which grows until the end of the capture",
		Content: map[string]*huma.MediaType{captureType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}
	huma.Register(api, op, s.capture)
	do(api, operation(api, http.MethodPost, "capture/end", Administer, "End a capture, whose file comes to its end then"), func(_ context.Context, in *captureEndInput) error {
		end, there := s.captures.Load(in.Body.Name)
		if !there {
			return NewProblem(http.StatusNotFound, explain.ManageNotFound, "", "there is no capture %q", in.Body.Name)
		}
		end.(context.CancelFunc)()
		return nil
	})
}

// CaptureEnd names a capture.
type CaptureEnd struct {
	Name string `json:"name" minLength:"1" maxLength:"64"`
}

type captureEndInput struct{ Body CaptureEnd }

// captureType is the media type of pcapng files.
const captureType = "application/x-pcapng"

func (s *Server) capture(_ context.Context, in *captureInput) (*huma.StreamResponse, error) {
	capturer, err := capability[Capturer](s)
	if err != nil {
		return nil, err
	}
	return s.answerSlowly(func(ctx context.Context, st *stream) {
		ctx, end := context.WithCancel(ctx)
		defer end()
		if name := in.Body.Name; name != "" {
			if _, taken := s.captures.LoadOrStore(name, end); taken {
				writeProblem(st.w, NewProblem(http.StatusConflict, explain.ManageBusy, "give it another name", "there is a capture %q already", name))
				return
			}
			defer s.captures.Delete(name)
		}
		file := &lateWriter{stream: st}
		if err := capturer.Capture(ctx, in.Body, file); err != nil && !file.begun { // otherwise it is that of a client which has gone
			writeProblem(st.w, problemOf(err))
		}
	}), nil
}

// A lateWriter sends the header of an answer when there is something behind it: until then it may become a problem.
type lateWriter struct {
	*stream
	begun bool
}

// Write sends octets at once.
func (w *lateWriter) Write(b []byte) (int, error) {
	if !w.begun {
		w.begun = true
		w.w.Header().Set("Content-Type", captureType)
	}
	if err := w.write(string(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Capture writes a pcapng file until its end, and returns an error of the writer as it is. When the context ends the daemon is asked to bring the file to its end.
func (c *Client) Capture(ctx context.Context, r CaptureRequest, to io.Writer) error {
	r.Name = rand.Text()
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		if c.call(reading, http.MethodPost, "capture/end", nil, CaptureEnd{r.Name}, nil) != nil {
			stop() // it has not begun, or the daemon is gone
			return
		}
		time.AfterFunc(patience, stop)
	})()
	response, err := c.send(reading, http.MethodPost, "capture", nil, r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	written := &writing{w: to}
	if _, err = io.Copy(written, response.Body); err != nil && written.err == nil {
		return c.broken(reading, err)
	}
	return written.err
}

// A writing tells errors of what is written to from those of what is read.
type writing struct {
	w   io.Writer
	err error
}

func (w *writing) Write(b []byte) (n int, err error) {
	n, w.err = w.w.Write(b)
	return n, w.err
}
