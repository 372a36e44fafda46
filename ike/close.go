package ike

// fail reports what went wrong. A fatal Failure ends the IKE SA.
func (sa *SA) fail(err error) {
	f := asFailure(err)
	if f.Fatal {
		sa.terminate(f)
		return
	}
	sa.news(News{Kind: NewsFailure, Failure: f})
}

// terminate ends the IKE SA at once: children are removed, everything that waits is abandoned, keys are cleared. f is nil
// when the end was asked for.
func (sa *SA) terminate(f *Failure) {
	if sa.state == StateClosed {
		return
	}
	sa.state = StateClosed
	for len(sa.children) > 0 {
		c := sa.children[0]
		sa.closeChild(c)
		if len(sa.children) > 0 && sa.children[0] == c {
			sa.children = sa.children[1:]
		}
	}
	sa.abandonAll(f)
	sa.timers, sa.work, sa.fragments, sa.initial = timers{}, nil, nil, nil
	sa.responses.known = nil
	sa.keys.Clear()
	sa.in, sa.out = nil, nil
	sa.news(News{Kind: NewsClosed, Failure: f})
}

// abandonAll tells every task that no answer will come.
func (sa *SA) abandonAll(f *Failure) {
	var why error = errNoAnswer
	if f != nil {
		why = f
	}
	tasks := append(sa.requests.begun, sa.tasks...)
	for _, r := range sa.requests.pending {
		tasks = append(tasks, r.task)
	}
	sa.requests.begun, sa.requests.pending, sa.tasks = nil, nil, nil
	for _, t := range tasks {
		t.abandoned(sa, why)
	}
}
