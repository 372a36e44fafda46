package service

import (
	"context"

	"culvert/api"
	"culvert/swanctl/settings"
	"culvert/vici"
)

// listSAs streams IKE SAs, one event for each. Further ones are asked for when the client has taken those before.
func (s *Service) listSAs(ctx context.Context, call *vici.Call) *settings.Section {
	want, list := selected(call.Request), s.daemon.List()
	for more := true; more; {
		v, part := s.view(), call.Batch(eventListSA)
		var err error
		more, err = list.Next(ctx, func(sa *api.SA) {
			if want.hasSA(sa) {
				part.Add(v.whole(sa, want))
			}
		})
		if err != nil {
			return vici.Refused(err.Error())
		}
		if part.Send() != nil {
			return nil // the client is gone
		}
	}
	return nil
}

// usualKeys has room for the keys of most IKE SAs and children.
const usualKeys = 32

// whole shows an IKE SA with the children that are wanted.
func (v view) whole(sa *api.SA, want selection) *settings.Section {
	m := new(settings.Section)
	in := m.Open(nameOf(sa))
	in.Items = make([]settings.Item, 0, usualKeys)
	v.ike(in, sa)
	children := in.Open("child-sas")
	for i := range sa.Children {
		if c := &sa.Children[i]; want.hasChild(c) {
			shown := children.Open(c.Name + "-" + number(c.ID))
			shown.Items = make([]settings.Item, 0, usualKeys)
			v.child(shown, sa.Connection, c)
		}
	}
	return m
}
