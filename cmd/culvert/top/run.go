package top

import (
	"context"
	"errors"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"

	"culvert/api"
)

// Run shows a daemon on a terminal until somebody quits, or ctx ends. A daemon that is not there is waited for.
func Run(ctx context.Context, d Daemon, in io.Reader, out io.Writer, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := tea.NewProgram(New(ctx, d, o), tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		follow(ctx, d, p.Send)
	}()
	_, err := p.Run()
	cancel()
	<-ended
	if errors.Is(err, tea.ErrProgramKilled) {
		return context.Canceled
	}
	return err
}

// follow passes on the events of the daemon, also of the next one when it is started anew.
func follow(ctx context.Context, d Daemon, send func(tea.Msg)) {
	const again = 2 * time.Second
	f := api.Follow{Backlog: 50}
	for ctx.Err() == nil {
		_ = d.Events(ctx, f, func(e api.Event) error { send(happened{e}); return nil }, func(n uint64) { send(missed{n}) }) // the view says that nobody answers
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}
