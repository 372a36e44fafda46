package removal

import (
	"errors"
	"sync"
)

// Keep receives events of watches until stop is called. note takes each in, and tells whether there is something to repair, which repair
// does then, as a Mender has it. stop closes the watches; nothing runs when it returns.
func Keep(note func(Event) bool, repair func(), watches ...*Watch) (stop func() error) {
	m := NewMender(repair)
	var ended sync.WaitGroup
	for _, w := range watches {
		ended.Go(func() {
			w.Receive(func(e Event) {
				if note(e) {
					m.Want()
				}
			})
		})
	}
	return func() (err error) {
		for _, w := range watches {
			err = errors.Join(err, w.Close())
		}
		ended.Wait()
		m.Stop()
		return err
	}
}
