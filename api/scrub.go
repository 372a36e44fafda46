package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// A Scrubber is a Control that takes secrets out of texts.
type Scrubber interface {
	// Scrub returns a text without the secrets that are loaded, wherever they came from, and how many places were changed.
	Scrub(ctx context.Context, text []byte) ([]byte, int, error)
}

// Scrubbed is a text without secrets.
type Scrubbed struct {
	Text    []byte `json:"text"`
	Removed int    `json:"removed" doc:"Places where there was a secret"`
}

// ToScrub is a text that may have secrets.
type ToScrub struct {
	Text []byte `json:"text"`
}

type scrubInput struct{ Body ToScrub }

// registerScrub describes how what is given away gets rid of secrets. It needs an administrator, for it tells by guesses what
// the secrets are.
func (s *Server) registerScrub(api huma.API) {
	const most = 8 << 20 // a file of a report in base64
	op := operation(api, http.MethodPost, "scrub", Administer, "A text without the secrets that are loaded, so that it can be given away")
	op.MaxBodyBytes = most
	serve(api, op, asking(s, func(ctx context.Context, c Scrubber, in *scrubInput) (Scrubbed, error) {
		harmless(ctx)
		text, removed, err := c.Scrub(ctx, in.Body.Text)
		return Scrubbed{text, removed}, err
	}))
}

// Scrub returns a text without the secrets that the daemon has loaded, and how many places were changed.
func (c *Client) Scrub(ctx context.Context, text []byte) ([]byte, int, error) {
	var got Scrubbed
	err := c.call(ctx, http.MethodPost, "scrub", nil, ToScrub{text}, &got)
	return got.Text, got.Removed, err
}
