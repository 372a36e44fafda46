package service

import (
	"context"

	"culvert/api"
	"culvert/swanctl/settings"
	"culvert/vici"
)

// listSAs streams IKE SAs, one event for each.
func (s *Service) listSAs(ctx context.Context, call *vici.Call) *settings.Section {
	v, want := s.view(), selected(call.Request)
	var gone error
	err := s.daemon.SAs(ctx, func(sa *api.SA) error {
		if want.hasSA(sa) {
			gone = call.Stream(eventListSA, v.whole(sa, want))
		}
		return gone
	})
	if err != nil && gone == nil {
		return vici.Refused(err.Error())
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
