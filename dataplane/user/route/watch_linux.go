package route

import (
	"errors"

	"culvert/dataplane/removal"
)

// watch follows what others do to the host until the returned function is called.
func (p *Plumber) watch(guarded bool) (stop func() error, err error) {
	routing, err := removal.Routing(protocol)
	if err != nil {
		return nil, err
	}
	watches := []*removal.Watch{routing}
	if guarded {
		filters, err := removal.Filters()
		if err != nil {
			return nil, errors.Join(err, routing.Close())
		}
		watches = append(watches, filters)
	}
	note := func(e removal.Event) bool { return p.missing.note(&p.config, e) }
	return removal.Keep(note, p.mend, watches...), nil
}
