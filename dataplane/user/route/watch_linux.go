package route

import (
	"errors"
	"sync"

	"culvert/dataplane/removal"
)

// watch follows what others do to the host until the returned function is called.
func (p *Plumber) watch(guarded bool) (stop func(), err error) {
	routing, err := removal.Routing(protocol)
	if err != nil {
		return func() {}, err
	}
	watches := []*removal.Watch{routing}
	if guarded {
		filters, err := removal.Filters()
		if err != nil {
			return func() {}, errors.Join(err, routing.Close())
		}
		watches = append(watches, filters)
	}
	mender := removal.NewMender(p.mend)
	var ended sync.WaitGroup
	for _, w := range watches {
		ended.Go(func() {
			w.Receive(func(e removal.Event) {
				if p.missing.note(&p.config, e) {
					mender.Want()
				}
			})
		})
	}
	return func() {
		for _, w := range watches {
			w.Close()
		}
		ended.Wait()
		mender.Stop()
	}, nil
}
