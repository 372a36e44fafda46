package api_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/explain"
)

// shooter is a daemon with packets.
type shooter struct {
	*apitest.Fake
	asked api.CaptureRequest
	err   error
}

func (s *shooter) Capture(_ context.Context, r api.CaptureRequest, w io.Writer) error {
	if s.asked = r; s.err != nil {
		return s.err
	}
	for range 3 {
		if _, err := w.Write([]byte("packet ")); err != nil {
			return err
		}
	}
	return nil
}

// A capture comes as it is; one that is refused is a problem and no file.
func TestCaptureStreams(t *testing.T) {
	s := &shooter{Fake: apitest.New(1)}
	client := api.NewClient(apitest.Serve(t, s))
	defer client.Close()
	var file bytes.Buffer
	if err := client.Capture(t.Context(), api.CaptureRequest{Connection: "office", Layers: []string{"ike"}, Snap: 64}, &file); err != nil {
		t.Fatal(err)
	}
	if file.String() != "packet packet packet " || s.asked.Connection != "office" || s.asked.Snap != 64 {
		t.Errorf("got %q of %+v", file.String(), s.asked)
	}
	s.err = api.NewProblem(404, explain.ManageNotFound, "", "there is no connection")
	file.Reset()
	var p *api.Problem
	if err := client.Capture(t.Context(), api.CaptureRequest{}, &file); !errors.As(err, &p) || p.Code != explain.ManageNotFound || file.Len() > 0 {
		t.Errorf("got %v and %q", err, file.String())
	}
	if err := client.Capture(t.Context(), api.CaptureRequest{Layers: []string{"wifi"}}, &file); err == nil {
		t.Error("there is no such layer")
	}
}

// patientShooter captures until it is ended, and then writes statistics.
type patientShooter struct{ *apitest.Fake }

func (patientShooter) Capture(ctx context.Context, _ api.CaptureRequest, w io.Writer) error {
	if _, err := w.Write([]byte("packet ")); err != nil {
		return err
	}
	<-ctx.Done()
	_, err := w.Write([]byte("statistics"))
	return err
}

// hearing tells of what is written for the first time.
type hearing struct {
	text  bytes.Buffer
	first func()
}

func (h *hearing) Write(b []byte) (int, error) {
	n, err := h.text.Write(b)
	h.first()
	return n, err
}

// Whoever ends a capture gets its end.
func TestCaptureEndsWithStatistics(t *testing.T) {
	client := api.NewClient(apitest.Serve(t, patientShooter{apitest.New(1)}))
	defer client.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	file := &hearing{first: cancel}
	if err := client.Capture(ctx, api.CaptureRequest{}, file); err != nil || file.text.String() != "packet statistics" {
		t.Errorf("got %q, %v", file.text.String(), err)
	}
}
