package daemon

import (
	"culvert/api"
	"culvert/ike"
	"culvert/supervisor"
)

// connections shows the configured connections.
func (v view) connections(links []supervisor.LinkStatus, sas []ike.SAStatus) []api.Connection {
	up := make(map[string]bool)
	for i := range sas {
		if s := &sas[i]; s.Connection != nil && s.State == ike.StateEstablished {
			up[s.Connection.Name] = true
		}
	}
	list := make([]api.Connection, len(links))
	for i, l := range links {
		list[i] = v.connectionStatus(l, up[l.Connection.Name])
	}
	return list
}

func (v view) connectionStatus(l supervisor.LinkStatus, up bool) api.Connection {
	c := api.Connection{
		Name: l.Connection.Name, State: stateOf(l, up), Remote: append([]string{}, l.Connection.RemoteNames...), Children: []string{},
		Attempts: l.Attempts, NextAttempt: v.when(l.NextAttempt), LastFailure: problem(l.Failure),
	}
	for _, p := range l.Connection.RemoteAddrs {
		if p.IsSingleIP() {
			c.Remote = append(c.Remote, p.Addr().String())
			continue
		}
		c.Remote = append(c.Remote, p.String())
	}
	for _, child := range l.Connection.Children {
		c.Children = append(c.Children, child.Name)
	}
	return c
}

func stateOf(l supervisor.LinkStatus, up bool) api.ConnectionState {
	switch {
	case up:
		return api.Up
	case l.Connecting:
		return api.Connecting
	case !l.NextAttempt.IsZero():
		return api.Waiting
	case len(l.Traps) > 0:
		return api.Trapped
	case len(l.Connection.RemoteAddrs)+len(l.Connection.RemoteNames) == 0:
		return api.Listening
	}
	return api.Idle
}
