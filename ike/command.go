package ike

import "slices"

// command obeys an operator or the supervisor.
func (sa *SA) command(ev Event) {
	switch ev := ev.(type) {
	case CheckLiveness:
		if sa.state.authenticated() {
			sa.checkLiveness()
		}
	case Withdraw:
		if sa.initiator && !sa.state.authenticated() && !sa.authBegun() {
			sa.terminate(nil)
		}
	case NotAlone:
		if sa.initial != nil {
			sa.initial.initialContact = false
		}
	case RedirectClient:
		if sa.state.authenticated() {
			sa.redirectClient(ev.Gateway)
		}
	case Reconfigure:
		sa.reconfigure(ev.Connection)
	case Close:
		if ev.Abandon || !sa.state.authenticated() {
			sa.terminate(nil)
			return
		}
		sa.childCommand(ev)
	default:
		sa.childCommand(ev)
	}
}

// authBegun tells whether an initiator that has not authenticated the peer yet has sent IKE_AUTH.
func (sa *SA) authBegun() bool {
	if sa.requests.next <= 1 || len(sa.requests.working) > 0 {
		return false
	}
	early := func(r *pendingRequest) bool { return isIntermediate(r.task) }
	return !slices.ContainsFunc(sa.requests.pending, early) && !slices.ContainsFunc(slices.Concat(sa.tasks, sa.requests.begun), isIntermediate)
}

// reconfigure takes the new version of the connection. The initial exchanges are finished with the old one.
func (sa *SA) reconfigure(c *Connection) {
	switch {
	case sa.state.authenticated():
		sa.conn = c
	case sa.initial != nil:
		sa.initial.newer = c
	}
}
