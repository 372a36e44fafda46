package cli

import (
	"time"

	"culvert/legible"
)

// ago tells how long ago a time was; one in the future is now.
func (a *app) ago(t time.Time) string { return legible.Span(a.Now().Sub(t)) }

// until tells how far off a time is; one in the past is now.
func (a *app) until(t time.Time) string { return legible.Span(t.Sub(a.Now())) }
