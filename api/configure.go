package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"culvert/config"
)

// A Configurer is a Control whose configuration can be seen and changed. Its methods are safe for concurrent use.
type Configurer interface {
	// Configuration shows what is in use.
	Configuration(ctx context.Context) (Configuration, error)
	// Validate reads a text as if it were the main file, and changes nothing.
	Validate(ctx context.Context, text string) (config.Diagnostics, error)
	// Compare tells what Apply would change.
	Compare(ctx context.Context, text string) (Comparison, error)
	// Apply has a text count in the place of the main file, at once, until it is confirmed or its time is over. Only one can wait
	// for that.
	Apply(ctx context.Context, p Proposed) (Pending, error)
	// Confirm writes what was applied to the disk. It is atomic: the main file has the old text or the new one.
	Confirm(ctx context.Context, id string) error
	// Rollback goes back to what was before Apply.
	Rollback(ctx context.Context, id string) error
}

// Configuration is what is in use.
type Configuration struct {
	Path      string             `json:"path" doc:"The main file; empty: there is none"`
	Digest    string             `json:"digest,omitempty" doc:"SHA-256 of its text on the disk, in hexadecimal; for administer alone, as others could try out secrets with it"`
	Loaded    time.Time          `json:"loaded" doc:"Since when it is in use"`
	Files     []ConfigFile       `json:"files" doc:"What was read, the main file first; secrets do not show"`
	Effective []config.Effective `json:"effective" doc:"Every option as it counts"`
	Pending   *Pending           `json:"pending,omitempty" doc:"What waits to be confirmed"`
}

// A ConfigFile is a file of the configuration.
type ConfigFile struct {
	Path string `json:"path"`
	Text string `json:"text" doc:"Without what may be a secret"`
}

// A Draft is the body of requests about a configuration that does not count yet.
type Draft struct {
	Text string `json:"text" maxLength:"1048576" doc:"What would stand in the main file"`
}

// A Comparison tells what a configuration would change.
type Comparison struct {
	Reloaded
	Alterations []config.Alteration `json:"alterations" doc:"Every option that differs, with both values; secrets do not show"`
}

// Proposed is a configuration to be applied.
type Proposed struct {
	Draft
	ConfirmWithin float64 `json:"confirm_within,omitempty" minimum:"1" maximum:"86400" default:"60" doc:"Seconds until it is rolled back unless it is confirmed"`
	Base          string  `json:"base,omitempty" maxLength:"64" doc:"Digest of the main file that the text was made from; it is refused if the file is another one now"`
}

// Pending is a configuration that counts, but is rolled back unless somebody confirms it. It is not on the disk: a daemon that
// is started anew has the old one.
type Pending struct {
	ID      string    `json:"id" doc:"Names it in confirm and rollback"`
	Caller  string    `json:"caller" doc:"Who has applied it"`
	Applied time.Time `json:"applied"`
	Until   time.Time `json:"until" doc:"When it is rolled back"`
	Changes Reloaded  `json:"changes" doc:"What it has changed"`
}

// Decision names a pending configuration.
type Decision struct {
	ID string `json:"id,omitempty" maxLength:"32" doc:"Of the pending configuration; empty: whichever it is"`
}

type draftInput struct{ Body Draft }
type proposedInput struct{ Body Proposed }
type decisionInput struct{ Body Decision }

// registerConfiguration connects the operations on the configuration.
func (s *Server) registerConfiguration(api huma.API) {
	const most = 2 << 20 // of a text that JSON escapes
	large := func(op huma.Operation) huma.Operation {
		op.MaxBodyBytes = most
		return op
	}
	serve(api, operation(api, http.MethodGet, "config", Read, "The configuration in use"),
		asking(s, func(ctx context.Context, c Configurer, _ *struct{}) (Configuration, error) {
			return c.Configuration(ctx)
		}))
	serve(api, large(operation(api, http.MethodPost, "config/validate", Administer, "Look for mistakes in a configuration and change nothing")),
		asking(s, func(ctx context.Context, c Configurer, in *draftInput) (Checked, error) {
			harmless(ctx)
			found, err := c.Validate(ctx, in.Body.Text)
			return Checked{append(config.Diagnostics{}, found...)}, err
		}))
	serve(api, large(operation(api, http.MethodPost, "config/diff", Administer, "Tell what a configuration would change, and change nothing")),
		asking(s, func(ctx context.Context, c Configurer, in *draftInput) (Comparison, error) {
			harmless(ctx)
			return c.Compare(ctx, in.Body.Text)
		}))
	serve(api, large(operation(api, http.MethodPost, "config/apply", Administer, "Apply a configuration at once, and roll it back unless it is confirmed")),
		asking(s, func(ctx context.Context, c Configurer, in *proposedInput) (Pending, error) {
			return c.Apply(ctx, in.Body)
		}))
	do(api, operation(api, http.MethodPost, "config/confirm", Administer, "Keep the configuration that was applied, on the disk too"),
		deciding(s, Configurer.Confirm))
	do(api, operation(api, http.MethodPost, "config/rollback", Administer, "Go back to the configuration before the one that was applied"),
		deciding(s, Configurer.Rollback))
}

// deciding makes a function for do of one about a pending configuration.
func deciding(s *Server, decide func(Configurer, context.Context, string) error) func(context.Context, *decisionInput) error {
	return func(ctx context.Context, in *decisionInput) error {
		c, err := capability[Configurer](s)
		if err != nil {
			return err
		}
		about(ctx, in.Body.ID)
		return decide(c, ctx, in.Body.ID)
	}
}

// Configuration shows the configuration in use.
func (c *Client) Configuration(ctx context.Context) (got Configuration, err error) {
	return got, c.call(ctx, http.MethodGet, "config", nil, nil, &got)
}

// Validate looks for mistakes in a text that could be the main file.
func (c *Client) Validate(ctx context.Context, text string) (config.Diagnostics, error) {
	var checked Checked
	err := c.call(ctx, http.MethodPost, "config/validate", nil, Draft{text}, &checked)
	return checked.Diagnostics, err
}

// Compare tells what a text would change.
func (c *Client) Compare(ctx context.Context, text string) (got Comparison, err error) {
	return got, c.call(ctx, http.MethodPost, "config/diff", nil, Draft{text}, &got)
}

// Apply has a text count until it is confirmed or its time is over.
func (c *Client) Apply(ctx context.Context, p Proposed) (got Pending, err error) {
	return got, c.call(ctx, http.MethodPost, "config/apply", nil, p, &got)
}

// Confirm keeps what was applied.
func (c *Client) Confirm(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodPost, "config/confirm", nil, Decision{id}, nil)
}

// Rollback goes back to what was before.
func (c *Client) Rollback(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodPost, "config/rollback", nil, Decision{id}, nil)
}
