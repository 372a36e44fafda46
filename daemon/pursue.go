package daemon

import (
	"context"
	"time"

	"culvert/ike"
	"culvert/supervisor"
)

// pursue has the supervisor begin something and waits until it is reached. begin and reached run on the supervisor's
// goroutine; see is shown all news meanwhile, and tells which deserve another look and which end the wait with an error.
// see is called from the shards' goroutines, one call at a time, and does not block.
func (e *engine) pursue(ctx context.Context, see func(ike.News) (look bool, err error), begin func(time.Time) ([]supervisor.Action, error), reached func() bool) error {
	look := make(chan struct{}, 1)
	w, cancel := e.hub.wait(func(n ike.News) (bool, error) {
		again, err := see(n)
		if err != nil {
			return true, err
		}
		if again {
			select {
			case look <- struct{}{}:
			default:
			}
		}
		return false, nil
	})
	defer cancel()
	if err := e.supervisor.ask(ctx, begin); err != nil {
		return err
	}
	for {
		over := false
		err := e.supervisor.ask(ctx, func(time.Time) ([]supervisor.Action, error) {
			over = reached()
			return nil, nil
		})
		if err != nil || over {
			return err
		}
		select {
		case <-look:
		case err := <-w.done:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-e.ctx.Done():
			return errStopped
		}
	}
}
