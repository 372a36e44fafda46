package service

import (
	"culvert/api"
	"culvert/swanctl/settings"
)

// IKEUpDown tells that an IKE SA has come up or gone.
func (s *Service) IKEUpDown(sa api.SA, up bool) {
	m := upDown(up)
	s.view().ike(m.Open(nameOf(&sa)), &sa)
	s.Publish(EventIKEUpDown, m)
}

// IKERekey tells that an IKE SA has taken the place of another.
func (s *Service) IKERekey(old, next api.SA) {
	m, v := new(settings.Section), s.view()
	in := m.Open(nameOf(&old))
	v.ike(in.Open("old"), &old)
	v.ike(in.Open("new"), &next)
	s.Publish(EventIKERekey, m)
}

// IKEUpdate tells that an IKE SA, shown as it was before, goes between other addresses now.
func (s *Service) IKEUpdate(before api.SA, local, remote api.Endpoint) {
	m := new(settings.Section)
	place(m, "local", &local)
	place(m, "remote", &remote)
	s.view().ike(m.Open(nameOf(&before)), &before)
	s.Publish(EventIKEUpdate, m)
}

// ChildUpDown tells that a child of an IKE SA has come up or gone.
func (s *Service) ChildUpDown(sa api.SA, child api.Child, up bool) {
	m, v := upDown(up), s.view()
	in := m.Open(nameOf(&sa))
	v.ike(in, &sa)
	v.child(in.Open("child-sas").Open(child.Name+"-"+number(child.ID)), sa.Connection, &child)
	s.Publish(EventChildUpDown, m)
}

// ChildRekey tells that a child of an IKE SA has taken the place of another.
func (s *Service) ChildRekey(sa api.SA, old, next api.Child) {
	m, v := new(settings.Section), s.view()
	in := m.Open(nameOf(&sa))
	v.ike(in, &sa)
	both := in.Open("child-sas").Open(old.Name)
	old.State = api.ChildRekeyed
	v.child(both.Open("old"), sa.Connection, &old)
	v.child(both.Open("new"), sa.Connection, &next)
	s.Publish(EventChildRekey, m)
}

// Alert tells that something went wrong; sa is nil when it is about none.
func (s *Service) Alert(kind string, sa *api.SA) {
	m := new(settings.Section).Add("type", kind)
	if sa != nil {
		s.view().ike(m.Open("ike-sa").Open(nameOf(sa)), sa)
	}
	s.Publish(EventAlert, m)
}

func upDown(up bool) *settings.Section {
	m := new(settings.Section)
	if up {
		m.Add("up", "yes")
	}
	return m
}
