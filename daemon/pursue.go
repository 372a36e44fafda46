package daemon

import (
	"context"
	"time"

	"culvert/ike"
	"culvert/supervisor"
)

// A pursuit is something that a command wants and waits for. Its functions run on the supervisor's goroutine.
type pursuit struct {
	begin   func(now time.Time) ([]supervisor.Action, error)
	see     func(ike.News) (look bool, err error) // an error ends the pursuit; look: reached may be true now
	reached func() bool
	done    chan error // has room for the outcome
}

// pursue has the supervisor begin something and waits until it is reached, or news tell of a failure. The end of the
// context ends the wait, not what was begun.
func (l *supervisorLoop) pursue(ctx context.Context, p pursuit) error {
	p.done = make(chan error, 1)
	l.box.put(func() { l.begin(&p) })
	defer l.box.put(func() { delete(l.pursuits, &p) })
	select {
	case err := <-p.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-l.engine.ctx.Done():
		return errStopped
	}
}

func (l *supervisorLoop) begin(p *pursuit) {
	actions, err := p.begin(l.engine.clock.now())
	if err != nil {
		p.done <- err
		return
	}
	l.pursuits[p] = true
	l.perform(actions)
	l.look(p)
}

// tell shows news to the pursuits. The supervisor knows them already.
func (l *supervisorLoop) tell(n ike.News) {
	for p := range l.pursuits {
		switch again, err := p.see(n); {
		case err != nil:
			l.finish(p, err)
		case again:
			l.look(p)
		}
	}
}

// look finishes a pursuit that has reached what it is about.
func (l *supervisorLoop) look(p *pursuit) {
	if l.pursuits[p] && p.reached() {
		l.finish(p, nil)
	}
}

func (l *supervisorLoop) finish(p *pursuit, outcome error) {
	delete(l.pursuits, p)
	p.done <- outcome
}
