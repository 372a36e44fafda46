package ike

// command obeys an operator or the supervisor.
func (sa *SA) command(ev Event) {
	switch ev := ev.(type) {
	case CheckLiveness:
		if sa.state.authenticated() {
			sa.checkLiveness()
		}
	case Reconfigure:
		sa.conn = ev.Connection
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
