// Package top is the live view of a daemon on a terminal: connections with their state, what they carry, when they are rekeyed, what
// fails; details, events and commands.
//
// The Model is pure: messages come in, a frame comes out, and what is to be asked of the daemon are commands for the loop that
// drives it. Run is that loop, on a terminal.
package top

import (
	"context"
	"time"

	"culvert/api"
)

// A Daemon is what is shown; *api.Client is one.
type Daemon interface {
	Status(context.Context) (api.Status, error)
	Up(context.Context, api.Command, func(api.Event)) error
	Down(context.Context, api.Command) error
	Rekey(context.Context, api.Command) error
	Events(context.Context, api.Follow, func(api.Event) error, func(uint64)) error
}

// Options say how it is shown.
type Options struct {
	Interval time.Duration // between looks
	Colour   bool
	Now      func() time.Time
}

// Messages that drive the Model beside keys and sizes.
type (
	// looked is what the daemon has said.
	looked struct {
		status api.Status
		at     time.Time
	}
	// unanswered says why the daemon has said nothing.
	unanswered struct{ err error }
	// happened is an event of the daemon.
	happened struct{ event api.Event }
	// missed events were lost, since this reader was too slow.
	missed struct{ n uint64 }
	// done is the end of a command.
	done struct {
		text string
		err  error
	}
	// due means that it is time to look again.
	due struct{}
)
