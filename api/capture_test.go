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
