package service

import (
	"context"

	"culvert/swanctl/settings"
	"culvert/vici"
)

// listAuthorities streams the authorities of which the configuration says where to ask about certificates, one event for each.
func (s *Service) listAuthorities(_ context.Context, call *vici.Call) *settings.Section {
	name := call.Request.Text("name")
	for _, a := range s.daemon.Configuration().Authorities {
		if name != "" && name != a.Name {
			continue
		}
		m := new(settings.Section)
		in := m.Open(a.Name)
		if names := subjects(a.CA); len(names) > 0 {
			in.Add("cacert", names[0])
		}
		in.AddList("crl_uris", a.CRLs...).AddList("ocsp_uris", a.OCSP...)
		optional(in, "cert_uri_base", a.CertURIBase)
		if call.Stream(eventListAuthority, m) != nil {
			break
		}
	}
	return nil
}
