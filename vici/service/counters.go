package service

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"culvert/api"
	"culvert/swanctl/settings"
	"culvert/vici"
)

// counters tells what was counted, of one connection, of all together, or of each.
func (s *Service) counters(ctx context.Context, call *vici.Call) *settings.Section {
	m := new(settings.Section)
	in := m.Open("counters")
	each := yes(call.Request, "all")
	list, err := s.daemon.IKECounters(ctx, call.Request.Text("name"), each)
	for _, c := range list {
		if each && c.Connection == "" {
			continue // as with charon: all together are told when nothing is named
		}
		section := in.Open(c.Connection)
		for _, n := range c.Counts {
			section.Add(n.Name, strconv.FormatUint(n.Value, 10))
		}
	}
	switch {
	case err == nil:
		return m.Add("success", "yes")
	case missing(err):
		return m.Add("success", "no").Add("errmsg", "no counters found for this connection")
	}
	return m.Add("success", "no").Add("errmsg", cut(err.Error()))
}

// resetCounters has counters begin at 0. One that has counted nothing has nothing to lose.
func (s *Service) resetCounters(ctx context.Context, call *vici.Call) *settings.Section {
	err := s.daemon.ResetIKECounters(ctx, call.Request.Text("name"), yes(call.Request, "all"))
	if missing(err) {
		err = nil
	}
	return result(err)
}

// missing tells whether an error says that what is meant is not there.
func missing(err error) bool {
	var p *api.Problem
	return errors.As(err, &p) && p.Status == http.StatusNotFound
}
